/* A server in this process and devices that speak to it by bytes alone. */
#include "tests/unit/server/lab.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/uuid.h"
#include "tests/unit/schema/documents.h"

static const struct trn_schema *spoken_in(const struct lab *lab)
{
    return lab->spoken == NULL ? lab->schema : lab->spoken;
}

static void open_database(struct lab *lab)
{
    struct trn_db_sqlite_options options = {.path = lab->path,
                                            .vfs = lab->vfs,
                                            .unsafe_fast = lab->vfs == NULL};
    tern_error error = {.status = TERN_OK};

    memset(options.seal_key, 7, sizeof(options.seal_key));
    memset(options.epoch, lab->epoch, sizeof(options.epoch));
    if (trn_db_sqlite_open(&options, lab->schema, &lab->db, &error) != TERN_OK) {
        CHECK_TEXT(error.message, "no error");
    }
    lab->server = trn_server_new(lab->db, &lab->limits);
    CHECK(lab->server != NULL);
}

void lab_open(struct lab *lab)
{
    memset(lab, 0, sizeof(*lab));
    lab->schema = documents_dastern();
    (void)snprintf(lab->path, sizeof(lab->path), "%s/server.db", trn_test_folder());
    lab->now_us = LAB_START_US;
    lab->epoch = 1;
    lab->limits.page_rows = TRN_SYNC_PAGE_ROWS;
    lab->limits.page_bytes = TRN_SYNC_PAGE_BYTES;
    open_database(lab);
}

static void close_database(struct lab *lab)
{
    trn_server_free(lab->server);
    lab->server = NULL;
    if (lab->db != NULL) {
        lab->db->ops->close(lab->db);
    }
    lab->db = NULL;
}

void lab_upgrade(struct lab *lab, struct trn_schema *schema)
{
    close_database(lab);
    trn_schema_free(lab->schema);
    lab->schema = schema;
    open_database(lab);
}

void lab_reopen(struct lab *lab)
{
    close_database(lab);
    open_database(lab);
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    char part[4096];
    size_t size;

    CHECK(in != NULL && out != NULL);
    while ((size = fread(part, 1, sizeof(part), in)) > 0) {
        CHECK(fwrite(part, 1, size, out) == size);
    }
    CHECK(fclose(in) == 0 && fclose(out) == 0);
}

static const char *backup_name(const struct lab *lab)
{
    static char name[sizeof(lab->path) + 8];

    (void)snprintf(name, sizeof(name), "%s.backup", lab->path);
    return name;
}

void lab_backup(struct lab *lab)
{
    close_database(lab); /* the last connection leaves all in one file */
    copy_file(lab->path, backup_name(lab));
    open_database(lab);
}

void lab_restore(struct lab *lab)
{
    close_database(lab);
    copy_file(backup_name(lab), lab->path);
    open_database(lab);
}

void lab_close(struct lab *lab)
{
    close_database(lab);
    trn_schema_free(lab->schema);
}

const char *lab_text(struct lab *lab, const char *sql)
{
    static char text[4096];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;

    text[0] = '\0';
    CHECK(sqlite3_open_v2(lab->path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        CHECK_TEXT(sqlite3_errmsg(db), "no error");
    }
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL) {
        (void)snprintf(text, sizeof(text), "%s", (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return text;
}

void lab_write(struct lab *lab, const char *sql)
{
    sqlite3 *db = NULL;

    CHECK(sqlite3_open_v2(lab->path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        CHECK_TEXT(sqlite3_errmsg(db), "no error");
    }
    sqlite3_close(db);
}

const char *lab_plan(struct lab *lab, const char *sql)
{
    static char plan[1024];
    char *question = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;

    CHECK(sqlite3_open_v2(lab->path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, question, -1, &statement, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    (void)snprintf(plan, sizeof(plan), "%s", (const char *)sqlite3_column_text(statement, 3));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    sqlite3_free(question);
    return plan;
}

void lab_cut(struct lab *lab)
{
    close_database(lab);
}

int64_t lab_number(struct lab *lab, const char *sql)
{
    return strtoll(lab_text(lab, sql), NULL, 10);
}

tern_id lab_id(char kind, unsigned number)
{
    tern_id id = {{0}};

    id.bytes[0] = (uint8_t)kind;
    id.bytes[12] = (uint8_t)(number >> 24);
    id.bytes[13] = (uint8_t)(number >> 16);
    id.bytes[14] = (uint8_t)(number >> 8);
    id.bytes[15] = (uint8_t)number;
    return id;
}

/* ---- Devices ---- */

void phone_open(struct phone *phone, struct lab *lab, unsigned user, unsigned device)
{
    memset(phone, 0, sizeof(*phone));
    phone->lab = lab;
    phone->auth.user = lab_id('u', user);
    phone->device = lab_id('d', device);
}

void phone_close(struct phone *phone)
{
    for (size_t index = 0; index < phone->queued; index++) {
        trn_bytes_free(&phone->queue[index].bytes);
    }
    trn_bytes_free(&phone->cursor);
    trn_bytes_free(&phone->entry);
    memset(phone, 0, sizeof(*phone));
}

static int64_t phone_now(const struct phone *phone)
{
    return phone->lab->now_us + phone->clock_off_us;
}

static void begin(struct phone *phone, struct trn_entry_header header)
{
    phone->lab->now_us += 1000;
    header.ordinal = ++phone->ordinal;
    header.schema_version = spoken_in(phone->lab)->version;
    phone->top = lab_id('x', (unsigned)phone->ordinal);
    memcpy(phone->top.bytes + 4, phone->device.bytes + 12, 4);
    phone->top.bytes[8] = phone->salt;
    header.tx = phone->top;
    header.time_us = header.time_us != 0 ? header.time_us : phone_now(phone);
    memcpy(header.epoch, phone->epoch, sizeof(header.epoch));
    phone->queue[phone->queued].ordinal = header.ordinal;
    phone->queue[phone->queued].tx = header.tx;
    phone->queue[phone->queued].time_us = header.time_us;
    trn_bytes_clear(&phone->entry);
    trn_line_writer_open(&phone->writer, &phone->entry);
    CHECK(trn_entry_write_header(&phone->writer, &header, NULL) == TERN_OK);
}

void phone_begin(struct phone *phone, enum trn_entry_kind kind)
{
    begin(phone, (struct trn_entry_header){.kind = kind});
}

void phone_depend(struct phone *phone, uint64_t ordinal)
{
    begin(phone,
          (struct trn_entry_header){.kind = TRN_ENTRY_RECORDED,
                                    .depends_on = &ordinal,
                                    .depends_count = 1});
}

void phone_begin_left(struct phone *phone, int64_t former, int64_t stored_us)
{
    begin(phone,
          (struct trn_entry_header){.kind = TRN_ENTRY_LEFT_RECORDED,
                                    .former = former,
                                    .time_us = stored_us});
}

void phone_commit_left(struct phone *phone)
{
    phone_commit(phone);
    phone->queue[phone->queued - 1].attempt.is_reoffer = true;
    phone->queue[phone->queued - 1].attempt.stored_us = phone->queue[phone->queued - 1].time_us;
}

void phone_change(struct phone *phone, const struct trn_change *change)
{
    CHECK(trn_entry_write_change(&phone->writer, change, NULL) == TERN_OK);
}

void phone_commit(struct phone *phone)
{
    CHECK(phone->queued < LAB_QUEUE);
    memset(&phone->queue[phone->queued].attempt, 0, sizeof(phone->queue[0].attempt));
    phone->queue[phone->queued++].bytes = trn_bytes_move(&phone->entry);
}

struct trn_change
lab_change(const struct lab *lab, enum trn_operation operation, const char *table, tern_id id)
{
    struct trn_change change = {.operation = operation,
                                .table = trn_schema_table(spoken_in(lab), table),
                                .id = id};

    CHECK(change.table != NULL);
    for (size_t index = 0; index < change.table->column_count; index++) {
        change.values[index] = change.table->columns[index].default_value;
    }
    change.values[0] = tern_value_integer(lab->now_us);
    return change;
}

void lab_set(struct trn_change *change, const char *column, tern_value value)
{
    uint16_t index = trn_table_column(change->table, column);

    CHECK(index != TRN_NO_COLUMN);
    change->values[index] = value;
    if (change->operation == TRN_OP_UPDATE || change->operation == TRN_OP_UNDO) {
        change->unit = change->table->columns[index].unit;
    }
}

void phone_insert_user(struct phone *phone, const char *role)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "users", phone->auth.user);

    lab_set(&change, "role", tern_value_text(role));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

void phone_insert_prescription(struct phone *phone, tern_id id, tern_id patient, const char *name)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "prescriptions", id);

    lab_set(&change, "patient_id", tern_value_id(&patient));
    lab_set(&change, "patient_name", tern_value_text(name));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

void phone_insert_medication(struct phone *phone, tern_id id, tern_id prescription)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "medications", id);

    lab_set(&change, "prescription_id", tern_value_id(&prescription));
    lab_set(&change, "row_number", tern_value_integer(1));
    lab_set(&change, "medicine_name", tern_value_text("Paracetamol"));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

tern_id phone_insert_dose(struct phone *phone, tern_id prescription, tern_id medication)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "dose_events", lab_id('?', 0));
    bool derived = false;

    lab_set(&change, "prescription_id", tern_value_id(&prescription));
    lab_set(&change, "medication_id", tern_value_id(&medication));
    lab_set(&change, "patient_id", tern_value_id(&phone->auth.user));
    lab_set(&change, "scheduled_time", tern_value_integer(LAB_START_US));
    lab_set(&change, "local_date", tern_value_text("2026-01-02"));
    lab_set(&change, "slot", tern_value_text("MORNING"));
    lab_set(&change, "time_period", tern_value_text("DAYTIME"));
    lab_set(&change, "grace_minutes", tern_value_integer(30));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
    return change.id;
}

void phone_update_dose(struct phone *phone,
                       tern_id dose,
                       int64_t base,
                       const char *status,
                       enum trn_entry_kind kind)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_UPDATE, "dose_events", dose);

    change.base = base;
    phone_begin(phone, kind);
    lab_set(&change, "status", tern_value_text(status));
    phone_change(phone, &change);
    phone_commit(phone);
}

static struct trn_change
connection(const struct lab *lab, const tern_id *a, const tern_id *b, const char *status)
{
    struct trn_change change = lab_change(lab, TRN_OP_INSERT, "connections", lab_id('?', 0));
    bool derived = false;

    lab_set(&change, "initiator_id", tern_value_id(a));
    lab_set(&change, "recipient_id", tern_value_id(b));
    lab_set(&change, "status", tern_value_text(status));
    lab_set(&change, "requested_at", tern_value_integer(LAB_START_US));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    return change;
}

void phone_insert_connection(struct phone *phone, tern_id a, tern_id b, const char *status)
{
    struct trn_change change = connection(phone->lab, &a, &b, status);

    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

tern_id lab_connection_id(const struct lab *lab, tern_id a, tern_id b)
{
    return connection(lab, &a, &b, "PENDING").id;
}

/* ---- Exchanges ---- */

void phone_request(const struct phone *phone, uint32_t rows, struct trn_bytes *body)
{
    struct trn_request_envelope envelope = {.schema_version = spoken_in(phone->lab)->version,
                                            .device = phone->device,
                                            .sent_us = phone_now(phone),
                                            .rows = rows,
                                            .cursor = trn_bytes_slice(&phone->cursor),
                                            .acked = phone->acked,
                                            .top = {phone->ordinal, phone->top},
                                            .tx_count = phone->queued};
    struct trn_line_writer writer;

    trn_line_writer_open(&writer, body);
    CHECK(trn_request_write_envelope(&writer, &envelope, NULL) == TERN_OK);
    for (size_t index = 0; index < phone->queued; index++) {
        struct trn_attempt attempt = phone->queue[index].attempt;

        attempt.age_us = phone_now(phone) - phone->queue[index].time_us;
        attempt.age_us = attempt.age_us < 0 ? 0 : attempt.age_us;
        CHECK(trn_request_write_entry(&writer,
                                      &attempt,
                                      trn_bytes_slice(&phone->queue[index].bytes),
                                      NULL) == TERN_OK);
    }
    CHECK(trn_line_write_last(&writer, NULL) == TERN_OK);
}

static void take_item(struct reply *reply, const struct trn_answer_item *item)
{
    switch (item->kind) {
    case TRN_ANSWER_VERDICT: {
        size_t at = reply->verdict_count++;

        reply->verdicts[at] = item->verdict;
        (void)snprintf(reply->sentences[at],
                       sizeof(reply->sentences[at]),
                       "%.*s",
                       (int)item->verdict.sentence.size,
                       (const char *)item->verdict.sentence.data);
        break;
    }
    case TRN_ANSWER_GONE:
        reply->gones++;
        break;
    case TRN_ANSWER_SCOPE:
        reply->scopes++;
        reply->fresh += item->fresh;
        break;
    case TRN_ANSWER_ROW:
        reply->rows++;
        break;
    case TRN_ANSWER_COMPLETE:
        reply->completes++;
        break;
    default:
        break;
    }
}

static void take_apart(struct reply *reply)
{
    struct trn_answer_reader reader = {.schema = NULL};
    struct trn_answer_item item = {.kind = TRN_ANSWER_VERDICT};
    struct trn_row row;

    CHECK(trn_answer_open(&reader, reply->schema, trn_bytes_slice(&reply->call.answer), NULL) ==
          TERN_OK);
    reply->more = reader.envelope.more;
    while (item.kind != TRN_ANSWER_END) {
        CHECK(trn_answer_next(&reader, &item, &row, NULL) == TERN_OK);
        take_item(reply, &item);
    }
    trn_answer_close(&reader);
}

void phone_send(struct phone *phone, struct trn_slice request, struct reply *ret_reply)
{
    memset(ret_reply, 0, sizeof(*ret_reply));
    ret_reply->schema = spoken_in(phone->lab);
    ret_reply->call.auth = phone->auth;
    ret_reply->call.request = request;
    trn_server_handle(phone->lab->server, phone->lab->now_us, &ret_reply->call, 1);
    ret_reply->call.request = trn_slice_make(NULL, 0);
    if (ret_reply->call.status == 200) {
        take_apart(ret_reply);
    }
}

/* What the phone keeps of an answer. */
static void keep(struct phone *phone, const struct reply *reply)
{
    struct trn_answer_reader reader = {.schema = NULL};

    CHECK(trn_answer_open(&reader, reply->schema, trn_bytes_slice(&reply->call.answer), NULL) ==
          TERN_OK);
    trn_bytes_clear(&phone->cursor);
    CHECK(trn_bytes_append_slice(&phone->cursor, reader.envelope.cursor) == TERN_OK);
    memcpy(phone->epoch, reader.envelope.epoch, sizeof(phone->epoch));
    trn_answer_close(&reader);
    for (size_t index = 0; index < reply->verdict_count; index++) {
        if (reply->verdicts[index].kind != TRN_VERDICT_REJECTED) {
            phone->acked.ordinal = phone->queue[index].ordinal;
            phone->acked.tx = phone->queue[index].tx;
        }
        trn_bytes_free(&phone->queue[index].bytes);
    }
    phone->queued = 0;
}

tern_status phone_refused(struct phone *phone, uint32_t rows)
{
    struct trn_bytes body = {0};
    struct reply reply;
    tern_status code;

    phone->lab->now_us += LAB_SECOND_US;
    phone_request(phone, rows, &body);
    phone_send(phone, trn_bytes_slice(&body), &reply);
    code = reply.call.status == 200 ? TERN_OK : reply.call.code;
    reply_free(&reply);
    trn_bytes_free(&body);
    return code;
}

void phone_sync(struct phone *phone, uint32_t rows, struct reply *ret_reply)
{
    struct trn_bytes body = {0};

    phone->lab->now_us += LAB_SECOND_US;
    phone_request(phone, rows, &body);
    phone_send(phone, trn_bytes_slice(&body), ret_reply);
    trn_bytes_free(&body);
    if (ret_reply->call.status != 200) {
        print_error("%s\n", ret_reply->call.cause.message);
        CHECK_TEXT(trn_bytes_text(&ret_reply->call.answer), "an answer");
    }
    keep(phone, ret_reply);
}

void phone_push(struct phone *phone)
{
    struct reply reply;

    phone_sync(phone, 0, &reply);
    for (size_t index = 0; index < reply.verdict_count; index++) {
        if (reply.verdicts[index].kind != TRN_VERDICT_APPLIED) {
            CHECK_TEXT(reply.sentences[index], "applied");
        }
    }
    reply_free(&reply);
}

/* ---- Answers ---- */

bool reply_row(const struct reply *reply,
               const char *table,
               const tern_id *id,
               struct trn_row *ret_row,
               struct trn_bytes *room)
{
    struct trn_answer_reader reader = {.schema = NULL};
    struct trn_answer_item item = {.kind = TRN_ANSWER_VERDICT};
    bool found = false;

    CHECK(trn_answer_open(&reader, reply->schema, trn_bytes_slice(&reply->call.answer), NULL) ==
          TERN_OK);
    while (item.kind != TRN_ANSWER_END && !found) {
        CHECK(trn_answer_next(&reader, &item, ret_row, NULL) == TERN_OK);
        found = item.kind == TRN_ANSWER_ROW && strcmp(item.table->name, table) == 0 &&
                trn_id_equal(&ret_row->id, id);
    }
    for (size_t index = 0; found && index < item.table->column_count; index++) {
        CHECK(trn_bytes_reserve(room, 1 << 16) == TERN_OK);
        if (ret_row->values[index].data != NULL) {
            uint8_t *copy = room->data + room->size;

            CHECK(trn_bytes_append(room,
                                   ret_row->values[index].data,
                                   ret_row->values[index].size) == TERN_OK);
            ret_row->values[index].data = copy;
        }
    }
    trn_answer_close(&reader);
    return found;
}

bool reply_has_text(const struct reply *reply,
                    const char *table,
                    const tern_id *id,
                    const char *column,
                    const char *text)
{
    struct trn_bytes room = {0};
    struct trn_row row;
    tern_value wanted = tern_value_text(text);
    uint16_t index = trn_table_column(trn_schema_table(reply->schema, table), column);
    bool has;

    CHECK(trn_bytes_reserve(&room, 1 << 20) == TERN_OK);
    has = reply_row(reply, table, id, &row, &room) && trn_value_equal(&row.values[index], &wanted);
    trn_bytes_free(&room);
    return has;
}

size_t reply_count(const struct reply *reply, const char *table)
{
    struct trn_answer_reader reader = {.schema = NULL};
    struct trn_answer_item item = {.kind = TRN_ANSWER_VERDICT};
    struct trn_row row;
    size_t count = 0;

    CHECK(trn_answer_open(&reader, reply->schema, trn_bytes_slice(&reply->call.answer), NULL) ==
          TERN_OK);
    while (item.kind != TRN_ANSWER_END) {
        CHECK(trn_answer_next(&reader, &item, &row, NULL) == TERN_OK);
        count += item.kind == TRN_ANSWER_ROW && strcmp(item.table->name, table) == 0;
    }
    trn_answer_close(&reader);
    return count;
}

void reply_free(struct reply *reply)
{
    trn_sync_call_free(&reply->call);
}
