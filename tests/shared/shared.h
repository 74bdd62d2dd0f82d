/* A story of this folder, played through the public interface of C. README.md says what the words
 * mean. */
#ifndef TESTS_SHARED_H
#define TESTS_SHARED_H

#include <jansson.h>

#include "tern/curl.h"
#include "tern/medication/audit.h"
#include "tern/medication/dose.h"
#include "tern/medication/prescription.h"
#include "tern/outbox.h"
#include "tern/platform.h"
#include "tern/row.h"
#include "tern/sync.h"

enum { REPLICAS_MAX = 8, CELLS_MAX = 64, PATH_BYTES = 512 };

struct story;

struct device {
    const char *name;
    struct story *story;
    const char *user;
    uint64_t state;  /* of its random numbers */
    int64_t skew_us; /* of its clock on the wall */
    unsigned char boot;
    bool has_synced; /* in that boot */
    tern_replica *replica;
    tern_care *care; /* NULL: not asked for yet */
    char *token;
};

struct story {
    const json_t *json;
    const char *build;
    const char *root;
    char folder[PATH_BYTES];
    int64_t now_us;
    int port;
    int server; /* process id; 0: none */
    struct device devices[REPLICAS_MAX];
    size_t device_count;
    json_t *names; /* name -> id as text */
    char *epoch;   /* as the last answer to a request told it; NULL: none yet */
    char *cursor;
    FILE *told; /* what the steps gave */
    char *told_text;
    size_t told_size;
    tern_posix_zones *zones;
};

/* How a step ended. */
struct outcome {
    tern_status status;
    tern_care_error error;
};

/* Ends the process: the story itself is wrong, or something failed that no step expects. */
_Noreturn void broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *text_of(const json_t *object, const char *name); /* NULL: none */
const char *need(const json_t *object, const char *name);
int64_t time_of(const char *text);
char *read_file(const char *path, size_t *ret_size); /* the caller frees it */
void id_of(const struct story *story, const json_t *value, tern_id *ret_id);
void keep_name(struct story *story, const json_t *name, const tern_id *id);
struct device *device_of(struct story *story, const json_t *step);

/* A value as the story spells it, with room for what it borrows. */
struct cell_room {
    unsigned char *bytes;
};
tern_value value_of(const struct story *story, const json_t *json, struct cell_room *room);
/* A value as the dump spells it. */
void spell(FILE *file, const tern_value *value);

/* server.c: ternd; with `erased` it ends that user's record before it serves. */
void set_clock(struct story *story, const char *at);
void start_server(struct story *story, const char *erased);
void stop_server(struct story *story);
char *read_token(const struct story *story, const char *user); /* the caller frees it */
tern_status open_curl(const struct story *story, tern_curl **ret_curl, tern_error *error);

/* server.c, steps.c, care.c: false where the step is none of theirs. */
bool play_server(struct story *story, const json_t *step, const char *what);
bool play_basic(struct story *story, const json_t *step, const char *what, struct outcome *out);
bool play_care(struct story *story, const json_t *step, const char *what, struct outcome *out);
/* The rows of a query, spelled. The caller frees it. */
char *read_rows(struct device *device, const char *sql, const json_t *values, size_t *ret_size);

/* dump.c: all contents of a replica, and the hash of a text. */
char *dump(struct device *device, size_t *ret_size);
void hash(const char *text, size_t size, char ret_hex[65]);

#endif
