/* Temporary folders, removed when their test ends, and the way to the real data. */
#include "tests/harness/harness.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/internal.h"

enum { FOLDERS_MAX = 16, PATH_BYTES = 512, PATHS = 8 };

static char folders[FOLDERS_MAX][PATH_BYTES];
static size_t folder_count;

static void remove_tree(const char *path)
{
    struct stat info;
    DIR *folder;
    const struct dirent *entry;

    if (lstat(path, &info) != 0) {
        return;
    }
    if (!S_ISDIR(info.st_mode)) {
        (void)unlink(path);
        return;
    }
    (void)chmod(path, S_IRWXU);
    folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char child[PATH_BYTES * 2];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) < (int)sizeof(child)) {
            remove_tree(child);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    (void)rmdir(path);
}

void harness_files_reset(void)
{
    while (folder_count > 0) {
        remove_tree(folders[--folder_count]);
    }
}

const char *trn_test_folder(void)
{
    const char *parent = getenv("TMPDIR");
    char *path;
    int length;

    if (folder_count == FOLDERS_MAX) {
        fail_msg("more than %d temporary folders in one test", FOLDERS_MAX);
    }
    path = folders[folder_count];
    length = snprintf(path, PATH_BYTES, "%s/tern-test-XXXXXX", parent != NULL ? parent : "/tmp");
    if (length >= PATH_BYTES || mkdtemp(path) == NULL) {
        fail_msg("no temporary folder could be made");
    }
    folder_count++;
    return path;
}

const char *trn_test_path(const char *folder, const char *name)
{
    static char paths[PATHS][PATH_BYTES];
    static size_t next;
    char *path = paths[next++ % PATHS];

    if (snprintf(path, PATH_BYTES, "%s/%s", folder, name) >= PATH_BYTES) {
        fail_msg("path too long");
    }
    return path;
}

const char *trn_test_data(void)
{
    const char *folder = getenv("TERN_TEST_DATA");

    if (folder == NULL || folder[0] == '\0') {
        print_message("skipped: TERN_TEST_DATA names no folder of real data\n");
        skip();
    }
    return folder;
}
