/* A server in this process and devices that speak to it by bytes alone. */
#ifndef TRN_TESTS_SERVER_LAB_H
#define TRN_TESTS_SERVER_LAB_H

#include "schema/schema.h"
#include "server/db_sqlite.h"
#include "server/sync.h"
#include "tests/harness/harness.h"
#include "wire/answer.h"
#include "wire/problem.h"
#include "wire/request.h"

/* Where virtual time begins: 2026-01-01. */
#define LAB_START_US INT64_C(1767225600000000)
#define LAB_SECOND_US INT64_C(1000000)

struct lab {
    struct trn_schema *schema;
    const struct trn_schema *spoken; /* what phones were built with; NULL: the same */
    struct trn_db *db;
    struct trn_server *server;
    struct trn_sync_limits limits;
    char path[512];
    int64_t now_us;
    uint8_t epoch;   /* of a file made next */
    const char *vfs; /* where its file lies, and is waited for; NULL: the default, in haste */
};

void lab_open(struct lab *lab);
/* Closes it and opens it again with this document, which the lab then owns. */
void lab_upgrade(struct lab *lab, struct trn_schema *schema);
/* As after a crash or a restart. */
void lab_reopen(struct lab *lab);
void lab_close(struct lab *lab);
/* Keeps a copy of the database's file; puts it back in place of what is there. */
void lab_backup(struct lab *lab);
void lab_restore(struct lab *lab);
/* A number read from the file by plain SQL. */
int64_t lab_number(struct lab *lab, const char *sql);
/* A text read likewise, in a static buffer; "" for null. */
const char *lab_text(struct lab *lab, const char *sql);

/* Writes by plain SQL, beside the server. */
void lab_write(struct lab *lab, const char *sql);
/* How SQLite goes about a statement. */
const char *lab_plan(struct lab *lab, const char *sql);
/* Closes the database as far as it can be closed, for lab_reopen. */
void lab_cut(struct lab *lab);

/* An id made of a letter and a number, the same whenever asked for. */
tern_id lab_id(char kind, unsigned number);

enum { LAB_QUEUE = 64 };

/* A device of one user. */
struct phone {
    struct lab *lab;
    struct trn_auth auth;
    tern_id device;
    int64_t clock_off_us; /* how far its clock is ahead */
    uint64_t ordinal;     /* of its last entry */
    tern_id top;
    uint8_t salt; /* tells the tx ids of clones apart */
    struct trn_landmark acked;
    char epoch[TRN_EPOCH_BYTES];
    struct trn_bytes cursor;
    struct {
        struct trn_bytes bytes;
        struct trn_attempt attempt;
        uint64_t ordinal;
        tern_id tx;
        int64_t time_us;
    } queue[LAB_QUEUE];
    size_t queued;
    struct trn_bytes entry; /* under way */
    struct trn_line_writer writer;
};

void phone_open(struct phone *phone, struct lab *lab, unsigned user, unsigned device);
void phone_close(struct phone *phone);

/* One transaction: begin, changes, commit; it is queued then. */
void phone_begin(struct phone *phone, enum trn_entry_kind kind);
void phone_depend(struct phone *phone, uint64_t ordinal); /* of the next one begun */
void phone_commit(struct phone *phone);
/* The same of what is left of a transaction. */
void phone_begin_left(struct phone *phone, int64_t former, int64_t stored_us);
void phone_commit_left(struct phone *phone);

/* A change under way: all columns at their defaults, or null. */
struct trn_change
lab_change(const struct lab *lab, enum trn_operation operation, const char *table, tern_id id);
void lab_set(struct trn_change *change, const char *column, tern_value value);
void phone_change(struct phone *phone, const struct trn_change *change);

/* Whole transactions often needed. */
void phone_insert_user(struct phone *phone, const char *role);
void phone_insert_prescription(struct phone *phone, tern_id id, tern_id patient, const char *name);
void phone_insert_medication(struct phone *phone, tern_id id, tern_id prescription);
/* A dose of 2026-01-02 of that medication; its derived id. */
tern_id phone_insert_dose(struct phone *phone, tern_id prescription, tern_id medication);
void phone_update_dose(struct phone *phone,
                       tern_id dose,
                       int64_t base,
                       const char *status,
                       enum trn_entry_kind kind);
void phone_insert_connection(struct phone *phone, tern_id a, tern_id b, const char *status);
tern_id lab_connection_id(const struct lab *lab, tern_id a, tern_id b);

/* What came back; `call` owns the bytes. */
struct reply {
    struct trn_sync_call call;
    const struct trn_schema *schema;
    struct trn_verdict verdicts[LAB_QUEUE];
    char sentences[LAB_QUEUE][TRN_DETAIL_BYTES];
    size_t verdict_count;
    bool more;
    size_t rows;
    size_t completes;
    size_t gones;
    size_t fresh;
    size_t scopes;
};

/* The request's bytes as the phone would send them now. */
void phone_request(const struct phone *phone, uint32_t rows, struct trn_bytes *body);
/* Carries bytes to the server and takes its answer apart; nothing of the phone changes. */
void phone_send(struct phone *phone, struct trn_slice request, struct reply *ret_reply);
/* A whole exchange: the queue is sent, the cursor kept, what got a verdict leaves the queue. */
void phone_sync(struct phone *phone, uint32_t rows, struct reply *ret_reply);
/* The status of an exchange that is refused whole; the queue stays. */
tern_status phone_refused(struct phone *phone, uint32_t rows);
/* The same as phone_sync, and every entry must be applied. */
void phone_push(struct phone *phone);
/* Finds a row in the answer; its values are borrowed from `room`, freed with reply_free_room. */
bool reply_row(const struct reply *reply,
               const char *table,
               const tern_id *id,
               struct trn_row *ret_row,
               struct trn_bytes *room);
/* Whether a cell of a row in the answer is this text. */
bool reply_has_text(const struct reply *reply,
                    const char *table,
                    const tern_id *id,
                    const char *column,
                    const char *text);
/* Rows of a table in the answer. */
size_t reply_count(const struct reply *reply, const char *table);
void reply_free(struct reply *reply);

#endif
