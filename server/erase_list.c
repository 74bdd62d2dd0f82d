/* Lines are added, never changed: one that names an erased record again does nothing. What is left
 * of a line that was being written when the power went was told to nobody, and makes room for the
 * next one. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "server/erase_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "server/erase.h"

enum { LINE_BYTES = 64, NAMES = 2 };

/* The lists beside the database: by the name that was given, and by the one that no link stands in.
 */
struct lists {
    struct trn_bytes names[NAMES];
};

tern_status
trn_erase_knows(struct trn_db *db, const tern_id *person, bool *ret_known, tern_error *error)
{
    const struct trn_table *users = &db->schema->tables[db->schema->users_table];
    struct trn_db_view *view = NULL;
    struct trn_db_erased erased = {.flags = 0};
    struct trn_row row;
    tern_status status = db->ops->snapshot_open(db, &view, error);

    if (status == TERN_OK) {
        status = db->ops->row_read(view, users, person, ret_known, &row, error);
    }
    if (status == TERN_OK) {
        status = db->ops->erased_read(view, person, &erased, error);
    }
    *ret_known = *ret_known || (erased.flags & TRN_ERASED_ITSELF) != 0;
    db->ops->snapshot_close(db, view);
    return status;
}

static void free_lists(struct lists *lists)
{
    for (size_t i = 0; i < NAMES; i++) {
        trn_bytes_free(&lists->names[i]);
    }
}

/* `lists` is empty, and is to be freed in any case. */
static tern_status find_lists(const char *database, struct lists *lists, tern_error *error)
{
    char *real = realpath(database, NULL);
    const char *const bases[NAMES] = {database, real == NULL ? database : real};
    tern_status status = TERN_OK;

    if (real == NULL && errno != ENOENT) {
        return trn_fail(error, TERN_ERR_IO, "the list of the erased cannot be found");
    }
    for (size_t i = 0; i < NAMES && status == TERN_OK; i++) {
        status = trn_bytes_append_format(&lists->names[i], "%s.erased", bases[i]);
    }
    free(real);
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

/* Whether a list is one that comes before it, by another name. */
static bool is_repeated(const struct lists *lists, size_t at)
{
    struct stat first;
    struct stat other;

    return at > 0 && stat(trn_bytes_text(&lists->names[0]), &first) == 0 &&
           stat(trn_bytes_text(&lists->names[at]), &other) == 0 && first.st_dev == other.st_dev &&
           first.st_ino == other.st_ino;
}

/* Whether that is an id of which bytes are missing: behind it, or zeros in their place. */
static bool is_torn(const char *text, size_t size)
{
    bool missing = size < TRN_ID_TEXT_SIZE;

    for (size_t i = 0; i < size; i++) {
        missing = missing || text[i] == '\0';
        if (text[i] != '\0' && strchr("0123456789abcdef-", text[i]) == NULL) {
            return false;
        }
    }
    return missing;
}

/* Takes the rest of a torn line off; a whole one gets its end. */
static bool mend_end(int file)
{
    char tail[LINE_BYTES] = "";
    off_t size = lseek(file, 0, SEEK_END);
    off_t from = size > LINE_BYTES ? size - LINE_BYTES : 0;
    ssize_t got = size < 0 ? -1 : pread(file, tail, (size_t)(size - from), from);
    size_t start = got < 0 ? 0 : (size_t)got;

    if (got != size - from) {
        return false;
    }
    while (start > 0 && tail[start - 1] != '\n') {
        start--;
    }
    if (start == (size_t)got) {
        return true;
    }
    return is_torn(tail + start, (size_t)got - start) ? ftruncate(file, from + (off_t)start) == 0
                                                      : write(file, "\n", 1) == 1;
}

/* A file that is new is durable once its folder is. */
static bool sync_folder(const char *name)
{
    const char *slash = strrchr(name, '/');
    char *folder = trn_text_copy(slash == NULL ? trn_slice_text(".")
                                               : trn_slice_make(name, (size_t)(slash - name) + 1));
    int file = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = file >= 0 && fsync(file) == 0;

    trn_free(folder);
    return file >= 0 && close(file) == 0 && synced;
}

static bool write_line(const char *name, const char *line)
{
    size_t size = strlen(line);
    int file = open(name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool written =
        file >= 0 && mend_end(file) && write(file, line, size) == (ssize_t)size && fsync(file) == 0;

    return file >= 0 && close(file) == 0 && written && sync_folder(name);
}

tern_status trn_erase_list_add(const char *database, const tern_id *person, tern_error *error)
{
    struct lists lists = {0};
    char line[LINE_BYTES];
    tern_status status = find_lists(database, &lists, error);

    trn_id_format(person, line);
    line[TRN_ID_TEXT_SIZE] = '\n';
    line[TRN_ID_TEXT_SIZE + 1] = '\0';
    for (size_t i = 0; i < NAMES && status == TERN_OK; i++) {
        if (!is_repeated(&lists, i) && !write_line(trn_bytes_text(&lists.names[i]), line)) {
            status = trn_fail(error, TERN_ERR_IO, "the list of the erased cannot be written");
        }
    }
    free_lists(&lists);
    return status;
}

/* The next line without its end, as far as there is room, and without zeros before it. False behind
 * the last. */
static bool read_line(FILE *file, char line[LINE_BYTES], size_t *ret_size)
{
    size_t size = 0;
    int c = getc(file);

    while (c == '\0') {
        c = getc(file);
    }
    while (c != EOF && c != '\n') {
        line[size] = (char)c;
        size += size < LINE_BYTES - 1 ? 1 : 0;
        c = getc(file);
    }
    size -= size > 0 && line[size - 1] == '\r' ? 1 : 0;
    *ret_size = size;
    return c != EOF || size > 0;
}

static tern_status run(struct trn_db *db, FILE *file, int64_t now_us, tern_error *error)
{
    char line[LINE_BYTES];
    size_t size = 0;
    tern_status status = TERN_OK;

    while (status == TERN_OK && read_line(file, line, &size)) {
        tern_id person;

        if (size == 0) {
            continue;
        }
        if (feof(file) != 0 && is_torn(line, size)) {
            break;
        }
        if (!trn_id_parse(trn_slice_make(line, size), &person)) {
            return trn_fail(error, TERN_ERR_CORRUPT, "the list of the erased: a line is no id");
        }
        status = trn_erase(db, &person, now_us, error);
    }
    return status == TERN_OK && ferror(file) != 0
               ? trn_fail(error, TERN_ERR_IO, "the list of the erased cannot be read")
               : status;
}

static tern_status run_file(struct trn_db *db, const char *name, int64_t now_us, tern_error *error)
{
    FILE *file = fopen(name, "r");
    tern_status status = TERN_OK;

    if (file != NULL) {
        status = run(db, file, now_us, error);
        (void)fclose(file);
    } else if (errno != ENOENT) {
        status = trn_fail(error, TERN_ERR_IO, "the list of the erased cannot be read");
    }
    return status;
}

tern_status
trn_erase_list_run(struct trn_db *db, const char *database, int64_t now_us, tern_error *error)
{
    struct lists lists = {0};
    tern_status status = find_lists(database, &lists, error);

    for (size_t i = 0; i < NAMES && status == TERN_OK; i++) {
        if (!is_repeated(&lists, i)) {
            status = run_file(db, trn_bytes_text(&lists.names[i]), now_us, error);
        }
    }
    free_lists(&lists);
    return status;
}
