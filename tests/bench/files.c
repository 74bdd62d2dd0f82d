/* The files that the benchmark works on. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 1024 };

const char *bench_path(const char *name)
{
    static char paths[8][PATH_BYTES];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    int length = snprintf(path, PATH_BYTES, "%s/%s", bench_settings.folder, name);

    bench_check(length > 0 && length < PATH_BYTES, "path is too long");
    return path;
}

void bench_remove(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-lock", ".lock"};
    char side[PATH_BYTES + 16];

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        snprintf(side, sizeof(side), "%s%s", path, suffixes[i]);
        unlink(side);
    }
}

uint64_t bench_file_bytes(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 ? (uint64_t)found.st_size : 0;
}

char *bench_read_file(const char *path, size_t *ret_size)
{
    size_t size = (size_t)bench_file_bytes(path);
    char *text = bench_alloc(size + 1, 1);
    FILE *file = fopen(path, "rb");

    bench_check(file != NULL, path);
    bench_check(fread(text, 1, size, file) == size, path);
    fclose(file);
    if (ret_size != NULL) {
        *ret_size = size;
    }
    return text;
}

void bench_make_folder(const char *path)
{
    char part[PATH_BYTES];

    for (size_t i = 1; i <= strlen(path) && i < sizeof(part); i++) {
        if (path[i] == '/' || path[i] == 0) {
            memcpy(part, path, i);
            part[i] = 0;
            bench_check(mkdir(part, 0755) == 0 || errno == EEXIST, part);
        }
    }
}
