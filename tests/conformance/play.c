/* Telling a story to the server: entries are made as a device makes them, and sent as bytes. */
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "server/erase.h"
#include "tests/conformance/world.h"
#include "tests/harness/harness.h"
#include "wire/problem.h"
#include "wire/request.h"

enum { DEPENDS_MAX = 8 };

/* A request under way. */
struct sending {
    const json_t *step;
    struct world_tx *txs[WORLD_TXS_MAX]; /* of its entries */
    size_t count;
    struct trn_bytes entries;
    struct trn_line_writer writer; /* onto `entries` */
};

static const char *text_of(const json_t *object, const char *name, const char *standard)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : standard;
}

/* ---- Changes ---- */

static int64_t base_of(struct world *world, const json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "base"));
    struct world_tx *tx;

    if (name == NULL) {
        return 0;
    }
    if (strncmp(name, "own:", 4) == 0) {
        tx = world_tx(world, name + 4);
        return tx != NULL ? -(int64_t)tx->ordinal : 0;
    }
    tx = world_tx(world, name);
    if (tx == NULL) {
        world_broken(world, "no such base:", name);
    }
    return tx->number;
}

static const char *
operation_of(const struct world *world, const json_t *json, enum trn_operation *ret_operation)
{
    static const char *const names[] = {"insert", "update", "undo", "delete", "undelete"};

    for (int i = TRN_OP_INSERT; i <= TRN_OP_UNDELETE; i++) {
        const char *row = json_string_value(json_object_get(json, names[i]));

        if (row != NULL) {
            *ret_operation = (enum trn_operation)i;
            return row;
        }
    }
    world_broken(world, "a change without an operation", "");
}

static void write_change(struct world *world,
                         struct trn_line_writer *writer,
                         const json_t *json,
                         int64_t created_us)
{
    struct trn_change change = {.unit = TRN_UNIT_EXISTENCE};
    struct world_cells cells;
    const char *row = operation_of(world, json, &change.operation);

    change.table = world_table(world, row);
    change.id = world_id(world, row);
    change.base = base_of(world, json);
    world_fill(world, row, json_object_get(json, "values"), &cells);
    if (cells.values[0].kind == TERN_NULL) {
        cells.values[0] = tern_value_integer(created_us);
    }
    memcpy(change.values, cells.values, change.table->column_count * sizeof(cells.values[0]));
    if (change.operation == TRN_OP_UPDATE || change.operation == TRN_OP_UNDO) {
        change.unit = trn_table_unit(change.table, text_of(json, "unit", ""));
        if (change.unit == TRN_UNITS_MAX) {
            world_broken(world, "no such unit of", row);
        }
    }
    CHECK_INT(trn_entry_write_change(writer, &change, NULL), TERN_OK);
}

/* ---- Entries ---- */

static enum trn_entry_kind kind_of(const json_t *json)
{
    const char *kind = text_of(json, "kind", "recorded");

    if (strcmp(kind, "discarded") == 0) {
        return TRN_ENTRY_DISCARDED;
    }
    if (strcmp(kind, "left") == 0) {
        return TRN_ENTRY_LEFT_RECORDED;
    }
    return strcmp(kind, "inferred") == 0 ? TRN_ENTRY_INFERRED : TRN_ENTRY_RECORDED;
}

static void fill_epoch(const struct world *world, const json_t *json, char *epoch)
{
    if (strcmp(text_of(json, "epoch", ""), "other") == 0) {
        memset(epoch, 'f', TRN_EPOCH_BYTES - 1);
    } else {
        memcpy(epoch, world->epoch, TRN_EPOCH_BYTES);
    }
}

static void fill_depends(struct world *world,
                         const json_t *json,
                         uint64_t depends_on[DEPENDS_MAX],
                         struct trn_entry_header *header)
{
    const json_t *names = json_object_get(json, "depends_on");

    for (size_t i = 0; i < json_array_size(names) && i < DEPENDS_MAX; i++) {
        const struct world_tx *tx = world_tx(world, json_string_value(json_array_get(names, i)));

        if (tx == NULL) {
            world_broken(world, "depends on an unknown tx", "");
        }
        depends_on[i] = tx->ordinal;
        header->depends_count++;
    }
    header->depends_on = depends_on;
}

/* The number that what is left of a transaction names: a transaction's of this story, or any. */
static int64_t former_of(struct world *world, struct world_tx *tx, const json_t *json)
{
    const json_t *former = json_object_get(json, "former");
    const struct world_tx *other =
        json_is_string(former) ? world_tx(world, json_string_value(former)) : NULL;

    if (other != NULL) {
        tx->number = other->number;
    }
    return other != NULL ? other->number : (int64_t)json_integer_value(former);
}

/* Makes the bytes of an entry that has not been sent before. A tx id may be used twice: the first
 * is the one that the story goes on with. */
static void write_entry(struct world *world, struct world_tx *tx, const json_t *json, int64_t at_us)
{
    const json_t *changes = json_object_get(json, "changes");
    const json_t *ordinal = json_object_get(json, "ordinal");
    struct world_device *device = world_device(world, &tx->device);
    struct trn_entry_header header = {.tx = world_id(world, tx->name),
                                      .time_us = world_time_of(json, "time", at_us),
                                      .kind = kind_of(json),
                                      .schema_version = world->schema->version};
    uint64_t depends_on[DEPENDS_MAX];
    struct trn_line_writer writer;

    device->ordinal = ordinal != NULL ? (uint64_t)json_integer_value(ordinal) : device->ordinal + 1;
    tx->ordinal = device->ordinal;
    header.ordinal = tx->ordinal;
    header.former = former_of(world, tx, json);
    fill_epoch(world, json, header.epoch);
    fill_depends(world, json, depends_on, &header);
    trn_line_writer_open(&writer, &tx->bytes);
    CHECK_INT(trn_entry_write_header(&writer, &header, NULL), TERN_OK);
    for (size_t i = 0; i < json_array_size(changes); i++) {
        write_change(world, &writer, json_array_get(changes, i), header.time_us);
    }
}

static struct world_tx *add_tx(struct world *world, const char *name, const tern_id *device)
{
    if (world->tx_count == WORLD_TXS_MAX) {
        world_broken(world, "too many txs", "");
    }
    world->txs[world->tx_count] = (struct world_tx){.name = name, .device = *device};
    return &world->txs[world->tx_count++];
}

static void add_entry(struct world *world, struct sending *sending, const json_t *json)
{
    int64_t at_us = world_time_of(sending->step, "at", 0);
    int64_t time_us = world_time_of(json, "time", at_us);
    const json_t *age = json_object_get(json, "age");
    const char *author = text_of(json, "author", NULL);
    tern_id device = world_id(world, author != NULL ? author : text_of(sending->step, "from", ""));
    struct trn_attempt attempt = {.age_us = at_us > time_us ? at_us - time_us : 0};
    struct world_tx *tx = NULL;

    if (age != NULL) {
        attempt.age_us = json_integer_value(age);
    }
    if (author != NULL) {
        attempt.is_inherited = true;
        attempt.author = device;
    }
    attempt.stored_us = world_time_of(json, "stored", 0);
    attempt.is_reoffer = json_object_get(json, "stored") != NULL;
    if (json_is_true(json_object_get(json, "repeat"))) {
        tx = world_tx(world, text_of(json, "tx", ""));
    } else {
        tx = add_tx(world, text_of(json, "tx", ""), &device);
        write_entry(world, tx, json, at_us);
    }
    if (tx == NULL) {
        world_broken(world, "repeats an unknown tx", "");
    }
    sending->txs[sending->count++] = tx;
    CHECK_INT(
        trn_request_write_entry(&sending->writer, &attempt, trn_bytes_slice(&tx->bytes), NULL),
        TERN_OK);
}

/* ---- Requests ---- */

static struct trn_landmark landmark_of(const struct world *world, const json_t *json)
{
    struct trn_landmark landmark = {.ordinal = 0};

    if (json != NULL) {
        landmark.ordinal = (uint64_t)json_integer_value(json_object_get(json, "ordinal"));
        landmark.tx = world_id(world, text_of(json, "tx", ""));
    }
    return landmark;
}

void world_send(struct world *world,
                const char *user,
                const char *power,
                int64_t at_us,
                struct trn_slice body,
                struct trn_sync_call *ret_call)
{
    *ret_call = (struct trn_sync_call){.request = body};
    ret_call->auth.user = world_id(world, user);
    ret_call->auth.power = TRN_POWER_USER;
    if (strcmp(power, "service") == 0) {
        ret_call->auth.power = TRN_POWER_SERVICE;
    } else if (strcmp(power, "operator") == 0) {
        ret_call->auth.power = TRN_POWER_OPERATOR;
    }
    trn_server_handle(world->server, at_us, ret_call, 1);
}

/* The highest entry of the device, those of this request included. */
static struct trn_landmark top_of(const struct world *world, const tern_id *device)
{
    struct trn_landmark top = {.ordinal = 0};

    for (size_t i = 0; i < world->tx_count; i++) {
        const struct world_tx *tx = &world->txs[i];

        if (trn_id_equal(&tx->device, device) && tx->ordinal >= top.ordinal) {
            top.ordinal = tx->ordinal;
            top.tx = world_id(world, tx->name);
        }
    }
    return top;
}

static void write_envelope(struct world *world, const json_t *step, struct trn_line_writer *writer)
{
    struct trn_request_envelope envelope = {
        .schema_version = world->schema->version,
        .device = world_id(world, text_of(step, "from", "")),
        .sent_us = world_time_of(step, "clock", world_time_of(step, "at", 0)),
        .acked = landmark_of(world, json_object_get(step, "acked")),
        .top = landmark_of(world, json_object_get(step, "top")),
        .tx_count = json_array_size(json_object_get(step, "entries")),
    };

    if (json_object_get(step, "replica") != NULL) {
        envelope.user = world_id(world, text_of(step, "replica", ""));
    }
    if (json_is_true(json_object_get(step, "cursor"))) {
        envelope.cursor = trn_bytes_slice(&world_device(world, &envelope.device)->cursor);
    }
    if (envelope.top.ordinal == 0) {
        envelope.top = top_of(world, &envelope.device);
    }
    CHECK_INT(trn_request_write_envelope(writer, &envelope, NULL), TERN_OK);
}

/* ---- Verdicts ---- */

static void check_stored(struct world *world,
                         struct world_tx *tx,
                         const struct trn_verdict *verdict,
                         const char *time)
{
    if (time == NULL || verdict->stored_us != world_time(time)) {
        world_problem(world,
                      "%s: stored %+lld us off",
                      tx->name,
                      (long long)(time != NULL ? verdict->stored_us - world_time(time) : 0));
    }
    if (verdict->kind == TRN_VERDICT_DUPLICATE && verdict->number != tx->number) {
        world_problem(world, "%s: a duplicate with another number", tx->name);
    }
    if (verdict->kind == TRN_VERDICT_APPLIED) {
        tx->number = verdict->number;
        tx->time_us = verdict->stored_us;
    }
}

static void check_verdict(struct world *world,
                          struct world_tx *tx,
                          const struct trn_verdict *verdict,
                          const json_t *expected)
{
    const char *word = trn_verdict_word(verdict->kind);
    const json_t *wanted = json_object_get(expected, word);
    const char *code = tern_status_code(verdict->code);

    if (wanted == NULL) {
        world_problem(world,
                      "%s: %s %s: %.*s",
                      tx->name,
                      word,
                      verdict->kind == TRN_VERDICT_REJECTED ? code : "",
                      (int)verdict->sentence.size,
                      (const char *)verdict->sentence.data);
        return;
    }
    if (verdict->kind == TRN_VERDICT_REJECTED) {
        if (strcmp(code, json_string_value(wanted)) != 0 ||
            verdict->change != json_integer_value(json_object_get(expected, "change"))) {
            world_problem(world,
                          "%s: rejected %s, change %lld",
                          tx->name,
                          code,
                          (long long)verdict->change);
        }
    } else if (verdict->kind != TRN_VERDICT_RETRY) {
        check_stored(world, tx, verdict, json_string_value(wanted));
    }
}

static void keep_cursor(struct world *world, const json_t *step, struct trn_slice cursor)
{
    tern_id id = world_id(world, text_of(step, "from", ""));
    struct world_device *device = world_device(world, &id);

    trn_bytes_clear(&device->cursor);
    CHECK_INT(trn_bytes_append_slice(&device->cursor, cursor), TERN_OK);
}

static void
check_answer(struct world *world, struct sending *sending, const struct trn_sync_call *call)
{
    const json_t *expected = json_object_get(sending->step, "verdicts");
    struct trn_answer_reader reader = {0};
    struct trn_answer_item item = {.kind = TRN_ANSWER_END};
    struct trn_row row;
    tern_error error = {0};
    tern_status status =
        trn_answer_open(&reader, world->schema, trn_bytes_slice(&call->answer), &error);

    if (status != TERN_OK || reader.envelope.verdict_count != sending->count ||
        json_array_size(expected) != sending->count) {
        world_problem(world, "not as many verdicts as entries: %s", error.message);
    } else {
        memcpy(world->epoch, reader.envelope.epoch, TRN_EPOCH_BYTES);
        keep_cursor(world, sending->step, reader.envelope.cursor);
        for (size_t i = 0; i < sending->count; i++) {
            status = trn_answer_next(&reader, &item, &row, &error);
            if (status != TERN_OK) {
                world_problem(world, "verdict %zu: %s", i, error.message);
                break;
            }
            check_verdict(world, sending->txs[i], &item.verdict, json_array_get(expected, i));
        }
    }
    trn_answer_close(&reader);
}

static void
check_problem(struct world *world, const json_t *expected, const struct trn_sync_call *call)
{
    struct trn_problem_document document = {0};

    if (trn_problem_read(trn_bytes_slice(&call->answer), &document, NULL) != TERN_OK) {
        world_problem(world, "status %u without a problem document", call->status);
        return;
    }
    if (strcmp(tern_status_code(document.problem.code), text_of(expected, "code", "")) != 0 ||
        (int)call->status != json_integer_value(json_object_get(expected, "status")) ||
        document.problem.http_status != (int)call->status) {
        world_problem(world,
                      "problem %u %s: %.*s",
                      call->status,
                      tern_status_code(document.problem.code),
                      (int)document.problem.detail.size,
                      (const char *)document.problem.detail.data);
    }
    trn_problem_free(&document);
}

/* The operator's word; a server that was stopped for it remembers nothing. */
static void play_erasure(struct world *world, const json_t *step)
{
    tern_id person = world_id(world, text_of(step, "erase", ""));

    trn_server_free(world->server);
    CHECK_INT(trn_erase(world->db, &person, world_time_of(step, "at", 0), NULL), TERN_OK);
    world->server = trn_server_new(world->db, NULL);
    CHECK(world->server != NULL);
}

static void play_step(struct world *world, const json_t *step)
{
    const json_t *entries = json_object_get(step, "entries");
    const json_t *problem = json_object_get(step, "problem");
    struct sending sending = {.step = step};
    struct trn_bytes body = {0};
    struct trn_line_writer writer;
    struct trn_sync_call call;

    trn_line_writer_open(&sending.writer, &sending.entries);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        add_entry(world, &sending, json_array_get(entries, i));
    }
    trn_line_writer_open(&writer, &body);
    write_envelope(world, step, &writer);
    CHECK_INT(trn_line_append(&writer, trn_bytes_slice(&sending.entries), NULL), TERN_OK);
    CHECK_INT(trn_line_write_last(&writer, NULL), TERN_OK);
    world_send(world,
               text_of(step, "user", ""),
               text_of(step, "power", "user"),
               world_time_of(step, "at", 0),
               trn_bytes_slice(&body),
               &call);
    if ((call.status == 200) != (problem == NULL)) {
        world_problem(world, "status %u: %s", call.status, trn_bytes_text(&call.answer));
    } else if (problem != NULL) {
        check_problem(world, problem, &call);
    } else {
        check_answer(world, &sending, &call);
    }
    trn_sync_call_free(&call);
    trn_bytes_free(&body);
    trn_bytes_free(&sending.entries);
    if (json_object_get(step, "seen") != NULL) {
        world_compare(world, text_of(step, "user", ""), json_object_get(step, "seen"), false);
    }
}

/* The rows before, as a step like any other. */
static json_t *step_before(const struct world *world)
{
    const json_t *names = json_object_get(world->vector, "before");
    const char *at = text_of(world->world, "before_at", "");
    json_t *changes = json_array();
    json_t *step;

    for (size_t i = 0; i < json_array_size(names); i++) {
        CHECK_INT(
            json_array_append_new(changes, json_pack("{s:O}", "insert", json_array_get(names, i))),
            0);
    }
    step = json_pack("{s:s,s:s,s:s,s:s,s:[{s:s,s:s,s:o}],s:[{s:s}]}",
                     "from",
                     "operator",
                     "user",
                     "operator",
                     "power",
                     "operator",
                     "at",
                     at,
                     "entries",
                     "tx",
                     "before",
                     "time",
                     at,
                     "changes",
                     changes,
                     "verdicts",
                     "applied",
                     at);
    CHECK(step != NULL);
    return step;
}

void world_play(struct world *world)
{
    const json_t *steps = json_object_get(world->vector, "steps");
    json_t *before = step_before(world);

    play_step(world, before);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);

        if (json_object_get(step, "erase") != NULL) {
            play_erasure(world, step);
        } else {
            play_step(world, step);
        }
    }
    for (size_t i = 0; i < world->tx_count; i++) {
        if (strcmp(world->txs[i].name, "before") == 0) {
            world->txs[i].name = "before"; /* the step's own text goes now */
        }
    }
    json_decref(before);
}
