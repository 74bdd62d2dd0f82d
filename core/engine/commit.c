/* Putting the entry together: bases, dependencies, stamps, caps. */
#include "engine/commit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mutant.h"
#include "base/portion.h"
#include "base/uuid.h"
#include "engine/fold.h"
#include "engine/issue.h"
#include "store/doom.h"
#include "wire/entry.h"
#include "wire/gzip.h"
#include "wire/limits.h"
#include "wire/values.h"

enum {
    BASES_RECENT = 256,
    BASE_TEXT_BYTES = 24,
    PACK_BYTES_MIN = 4096,
    PACK_LEVEL = 1,
    LONG_LINES = 32 * 1024
};

/* A row that is to get its stamp. */
struct stamping {
    const struct trn_table *table;
    int64_t rowid;
    int64_t updated_at_us;
    tern_value version;
};

struct assembly {
    struct trn_recorder *recorder;
    uint64_t ordinal;
    struct trn_bytes lines;     /* of the entry, bases filled in */
    struct trn_bytes undo;      /* its undo image */
    struct trn_bytes stampings; /* struct stamping */
    struct trn_bytes depends;   /* uint64_t */
    size_t changes;
    uint64_t kept;
    size_t copied; /* how far the text that is being appended has gone */
    struct {
        int64_t key;
        int64_t base;
    } recent[BASES_RECENT];
};

/* ---- Bases and dependencies ---- */

static tern_status add_dependency(struct assembly *assembly, uint64_t ordinal, tern_error *error)
{
    if (TRN_MUTANT(DEPENDENCY_LOST)) {
        return TERN_OK;
    }
    return trn_bytes_append(&assembly->depends, &ordinal, sizeof(ordinal)) == TERN_OK
               ? TERN_OK
               : trn_fail_nomem(error);
}

/* What is left of a transaction stands under no ordinal at the server, so nothing can name it. */
static tern_status look_at_entry(struct assembly *assembly, int64_t *base, tern_error *error)
{
    uint8_t kind = TRN_ENTRY_RECORDED;
    tern_status status = trn_outbox_pending_kind(assembly->recorder->engine->store,
                                                 (uint64_t) - *base,
                                                 &kind,
                                                 error);

    if (status == TERN_OK && trn_entry_kind_is_left(kind)) {
        *base = 0;
    }
    return status;
}

/* What stands for the key on the wire; an entry not yet acknowledged becomes a dependency. */
static tern_status
resolve(struct assembly *assembly, int64_t key, int64_t *ret_base, tern_error *error)
{
    size_t at = (size_t)key % trn_portion(BASES_RECENT);
    int64_t base = 0;
    tern_status status;

    if (key == 0 || key == assembly->recorder->key) {
        *ret_base = key == 0 ? 0 : -(int64_t)assembly->ordinal;
        return TERN_OK;
    }
    if (assembly->recent[at].key == key) {
        *ret_base = assembly->recent[at].base;
        return TERN_OK;
    }
    status = trn_store_tx_base(assembly->recorder->engine->store, key, &base, error);
    if (status == TERN_OK && base < 0) {
        status = look_at_entry(assembly, &base, error);
    }
    if (status == TERN_OK && base < 0) {
        status = add_dependency(assembly, (uint64_t)-base, error);
    }
    if (status == TERN_OK) {
        assembly->recent[at].key = key;
        assembly->recent[at].base = base;
        *ret_base = base;
    }
    return status;
}

static tern_status resolve_references(struct assembly *assembly, tern_error *error)
{
    struct trn_recorder *recorder = assembly->recorder;
    const struct trn_noted_reference *references = (const void *)recorder->references.data;
    size_t count = recorder->references.size / sizeof(*references);
    tern_status status = TERN_OK;

    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_version version;
        int64_t base = 0;
        bool found = false;

        status = trn_store_row_version(recorder->engine->store,
                                       references[i].table,
                                       &references[i].id,
                                       &found,
                                       &version,
                                       error);
        if (status == TERN_OK && found) {
            status = resolve(assembly, version.keys[TRN_UNIT_EXISTENCE], &base, error);
        }
    }
    return status;
}

static int compare_ordinals(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;

    return (*a > *b) - (*a < *b);
}

/* Sorts the dependencies and drops repeats. */
static size_t settle_dependencies(struct assembly *assembly, uint64_t **ret_ordinals)
{
    uint64_t *ordinals = (void *)assembly->depends.data;
    size_t count = assembly->depends.size / sizeof(*ordinals);
    size_t unique = 0;

    *ret_ordinals = ordinals;
    if (count == 0) {
        return 0;
    }
    qsort(ordinals, count, sizeof(*ordinals), compare_ordinals);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || ordinals[unique - 1] != ordinals[i]) {
            ordinals[unique++] = ordinals[i];
        }
    }
    return unique;
}

/* ---- Lines ---- */

static tern_status
flush(struct assembly *assembly, const struct trn_bytes *text, size_t end, tern_error *error)
{
    size_t size = end - assembly->copied;

    if (size != 0 &&
        trn_bytes_append(&assembly->lines, text->data + assembly->copied, size) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    assembly->copied = end;
    return TERN_OK;
}

/* Appends the text so far and the base in place of the digit that stands for it. */
static tern_status write_base(struct assembly *assembly,
                              const struct trn_bytes *text,
                              const struct trn_noted_line *line,
                              tern_error *error)
{
    char digits[BASE_TEXT_BYTES];
    int64_t base = 0;
    tern_status status = resolve(assembly, line->base_key, &base, error);
    int size;

    if (status != TERN_OK || base == 0) {
        return status;
    }
    status = flush(assembly, text, line->base_at, error);
    if (status != TERN_OK) {
        return status;
    }
    size = snprintf(digits, sizeof(digits), "%lld", (long long)base);
    assembly->copied++;
    return trn_bytes_append(&assembly->lines, digits, (size_t)size) == TERN_OK
               ? TERN_OK
               : trn_fail_nomem(error);
}

/* Lines from `from` to `to`, in bytes of the array, of a text of which nothing further is wanted
 * before them. */
static tern_status append_lines(struct assembly *assembly,
                                const struct trn_bytes *text,
                                const struct trn_bytes *noted,
                                size_t from,
                                size_t to,
                                tern_error *error)
{
    const struct trn_noted_line *lines = (const void *)noted->data;
    tern_status status = TERN_OK;

    for (size_t i = from / sizeof(*lines); i < to / sizeof(*lines) && status == TERN_OK; i++) {
        assembly->changes++;
        if (lines[i].base_at != 0) {
            status = write_base(assembly, text, &lines[i], error);
        }
    }
    return status;
}

/* ---- Rows ---- */

static tern_status
note_stamping(struct assembly *assembly, const struct trn_touch *touch, tern_error *error)
{
    struct stamping stamping = {.table = touch->table,
                                .rowid = touch->rowid,
                                .updated_at_us = touch->updated_at_us,
                                .version = tern_value_integer(touch->version)};

    if (touch->stands) {
        return TERN_OK;
    }
    if (touch->version_size != 0) {
        stamping.version = tern_value_blob(assembly->recorder->versions.data + touch->version_at,
                                           touch->version_size);
    }
    return trn_bytes_append(&assembly->stampings, &stamping, sizeof(stamping)) == TERN_OK
               ? TERN_OK
               : trn_fail_nomem(error);
}

/* Edits of one unit after the other may make a row too long for any answer. `size` is of its lines:
 * short ones cannot make much of a difference. */
static tern_status check_row(const struct assembly *assembly,
                             const struct trn_touch *touch,
                             size_t size,
                             tern_error *error)
{
    struct trn_row row;
    bool found = false;
    tern_status status;

    if (size < trn_portion_bytes(LONG_LINES)) {
        return TERN_OK;
    }
    status = trn_store_row_read(assembly->recorder->engine->store,
                                touch->table,
                                &touch->id,
                                &found,
                                &row,
                                error);
    return status == TERN_OK && found ? trn_values_check_size(touch->table, row.values, error)
                                      : status;
}

/* A row touched once: what was noted is what is sent. */
static tern_status take_row(struct assembly *assembly, size_t at, tern_error *error)
{
    const struct trn_recorder *recorder = assembly->recorder;
    const struct trn_touch *touch = &recorder->touches.items[at];
    bool last = at + 1 == recorder->touches.count;
    size_t lines_end = last ? recorder->lines.size : touch[1].line_at;
    size_t undo_end = last ? recorder->undo_log.size : touch[1].undo_at;
    size_t text_end = last ? recorder->text.size : touch[1].text_at;
    int64_t base = 0;
    tern_status status = check_row(assembly, touch, text_end - touch->text_at, error);

    if (status == TERN_OK) {
        status = note_stamping(assembly, touch, error);
    }

    if (status == TERN_OK) {
        status = resolve(assembly, touch->existence_key, &base, error);
    }
    if (status == TERN_OK) {
        status = append_lines(assembly,
                              &recorder->text,
                              &recorder->lines,
                              touch->line_at,
                              lines_end,
                              error);
    }
    if (status == TERN_OK && lines_end != touch->line_at &&
        trn_bytes_append(&assembly->undo,
                         recorder->undo_log.data + touch->undo_at,
                         undo_end - touch->undo_at) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    return status;
}

/* A row touched again, or one that has to yield: worked out anew, in the place of its first touch.
 */
static tern_status fold_row(struct assembly *assembly, size_t at, tern_error *error)
{
    struct trn_recorder *recorder = assembly->recorder;
    struct trn_bytes text = {0};
    struct trn_bytes noted = {0};
    struct trn_folded folded = {.text = &text, .lines = &noted, .undo = &assembly->undo};
    int64_t base = 0;
    tern_status status = trn_fold_row(recorder, at, &folded, error);

    if (status == TERN_OK) {
        status = check_row(assembly, &recorder->touches.items[at], text.size, error);
    }
    if (status == TERN_OK) {
        status = resolve(assembly, recorder->touches.items[at].existence_key, &base, error);
    }
    if (status == TERN_OK) {
        assembly->copied = 0;
        status = append_lines(assembly, &text, &noted, 0, noted.size, error);
    }
    if (status == TERN_OK) {
        status = flush(assembly, &text, text.size, error);
    }
    assembly->kept += folded.kept;
    trn_bytes_free(&text);
    trn_bytes_free(&noted);
    return status;
}

static tern_status take_touch(struct assembly *assembly, size_t at, tern_error *error)
{
    const struct trn_recorder *recorder = assembly->recorder;
    const struct trn_touches *touches = &recorder->touches;
    const struct trn_touch *touch = &touches->items[at];
    bool is_first = touch->previous == TRN_NO_TOUCH;
    bool is_only = is_first && touch->is_latest;
    size_t end = at + 1 < touches->count ? touch[1].text_at : recorder->text.size;
    tern_status status;

    if (is_only && touch->outranked != 0 && !recorder->inferred) {
        return trn_fold_fail_outranked(touch->table, touch->outranked, error);
    }
    if (is_only && touch->outranked == 0) {
        return take_row(assembly, at, error);
    }
    /* Its text is left out of what is copied. */
    status = flush(assembly, &recorder->text, touch->text_at, error);
    if (status == TERN_OK && is_first) {
        status = fold_row(assembly, at, error);
    }
    assembly->copied = end;
    return status;
}

/* ---- Stamps ---- */

static int compare_stampings(const void *left, const void *right)
{
    const struct stamping *a = left;
    const struct stamping *b = right;

    if (a->table->index != b->table->index) {
        return a->table->index < b->table->index ? -1 : 1;
    }
    return (a->rowid > b->rowid) - (a->rowid < b->rowid);
}

static bool follows(const struct stamping *last, const struct stamping *next)
{
    return next->table == last->table && next->rowid == last->rowid + 1 &&
           next->updated_at_us == last->updated_at_us &&
           trn_value_equal(&next->version, &last->version);
}

/* Neighbours that get the same stamp are written by one statement. */
static tern_status write_stamps(struct assembly *assembly, tern_error *error)
{
    struct stamping *items = (void *)assembly->stampings.data;
    size_t count = assembly->stampings.size / sizeof(*items);
    tern_status status = TERN_OK;
    size_t next;

    if (count > 1) {
        qsort(items, count, sizeof(*items), compare_stampings);
    }
    for (size_t first = 0; first < count && status == TERN_OK; first = next) {
        for (next = first + 1; next < count && follows(&items[next - 1], &items[next]); next++) {
        }
        status = trn_capture_stamp_rows(assembly->recorder->engine->store,
                                        items[first].table,
                                        items[first].rowid,
                                        items[next - 1].rowid,
                                        items[first].updated_at_us,
                                        &items[first].version,
                                        error);
    }
    return status;
}

/* ---- The entry ---- */

static tern_status assemble(struct assembly *assembly, tern_error *error)
{
    struct trn_recorder *recorder = assembly->recorder;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < recorder->touches.count && status == TERN_OK; i++) {
        status = take_touch(assembly, i, error);
    }
    if (status == TERN_OK) {
        status = flush(assembly, &recorder->text, recorder->text.size, error);
    }
    if (status == TERN_OK) {
        status = write_stamps(assembly, error);
    }
    if (status == TERN_OK && assembly->changes != 0) {
        status = resolve_references(assembly, error);
    }
    return status;
}

static tern_status check_caps(const struct assembly *assembly, size_t size, tern_error *error)
{
    if (assembly->changes > TRN_WIRE_TX_CHANGES_MAX) {
        return trn_fail(error,
                        TERN_ERR_TOO_LARGE,
                        "the transaction has %zu changes, the protocol takes %zu",
                        assembly->changes,
                        TRN_WIRE_TX_CHANGES_MAX);
    }
    if (size > TRN_WIRE_TX_BYTES_MAX) {
        return trn_fail(error,
                        TERN_ERR_TOO_LARGE,
                        "the transaction is %zu bytes long, the protocol takes %zu",
                        size,
                        TRN_WIRE_TX_BYTES_MAX);
    }
    return TERN_OK;
}

static tern_status write_body(struct assembly *assembly,
                              const struct trn_entry *entry,
                              const uint64_t *depends,
                              size_t depends_count,
                              struct trn_bytes *body,
                              tern_error *error)
{
    struct trn_entry_header header = trn_issue_header(entry, assembly->recorder->meta.epoch);
    struct trn_line_writer writer;
    tern_status status;

    header.depends_on = depends;
    header.depends_count = depends_count;
    trn_line_writer_open(&writer, body);
    status = trn_entry_write_header(&writer, &header, error);
    if (status == TERN_OK &&
        trn_bytes_append_slice(body, trn_bytes_slice(&assembly->lines)) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    return status == TERN_OK ? check_caps(assembly, body->size, error) : status;
}

static tern_status fill_entry(struct assembly *assembly, struct trn_entry *entry, tern_error *error)
{
    struct trn_recorder *recorder = assembly->recorder;
    uint8_t random[16];
    tern_status status = trn_engine_random(recorder->engine, random, sizeof(random), error);

    if (status != TERN_OK) {
        return status;
    }
    *entry =
        (struct trn_entry){.ordinal = assembly->ordinal,
                           .author = recorder->meta.device,
                           .state = TERN_ENTRY_PENDING,
                           .time_us = recorder->time_us,
                           .reading = recorder->reading,
                           .change_count = (uint32_t)assembly->changes,
                           .kind = recorder->inferred ? TRN_ENTRY_INFERRED : TRN_ENTRY_RECORDED,
                           .schema_version = recorder->engine->schema->version};
    trn_id_v4(random, &entry->tx);
    entry->key = recorder->key;
    return TERN_OK;
}

/* Fewer pages to write weigh more than compressing; and the file does not grow by what waits. */
static tern_status pack_body(struct trn_entry *entry, struct trn_bytes *body, tern_error *error)
{
    struct trn_bytes packed = {0};
    tern_status status;

    if (body->size < trn_portion_bytes(PACK_BYTES_MIN)) {
        return TERN_OK;
    }
    status = trn_gzip(trn_bytes_slice(body), PACK_LEVEL, &packed, error);
    if (status == TERN_OK && packed.size < body->size) {
        entry->is_packed = true;
        entry->body_size = body->size;
        trn_bytes_free(body);
        *body = trn_bytes_move(&packed);
    }
    trn_bytes_free(&packed);
    return status;
}

static tern_status queue_entry(struct assembly *assembly, tern_error *error)
{
    struct trn_store *store = assembly->recorder->engine->store;
    struct trn_bytes body = {0};
    uint64_t *depends = NULL;
    size_t depends_count = settle_dependencies(assembly, &depends);
    struct trn_entry entry;
    tern_status status = fill_entry(assembly, &entry, error);

    if (status == TERN_OK) {
        status = write_body(assembly, &entry, depends, depends_count, &body, error);
    }
    if (status == TERN_OK) {
        status = pack_body(&entry, &body, error);
    }
    if (status == TERN_OK && TRN_MUTANT(ENTRY_ALONE)) {
        status = trn_store_commit(store, error);
        status = status == TERN_OK ? trn_store_begin(store, error) : status;
    }
    if (status == TERN_OK) {
        status = trn_outbox_add(store,
                                &entry,
                                trn_bytes_slice(&body),
                                trn_bytes_slice(&assembly->undo),
                                depends,
                                depends_count,
                                NULL,
                                error);
    }
    trn_bytes_free(&body);
    return status;
}

static void assembly_free(struct assembly *assembly)
{
    trn_bytes_free(&assembly->lines);
    trn_bytes_free(&assembly->undo);
    trn_bytes_free(&assembly->stampings);
    trn_bytes_free(&assembly->depends);
}

tern_status trn_commit(struct trn_recorder *recorder, uint64_t *ret_kept, tern_error *error)
{
    struct trn_store *store = recorder->engine->store;
    struct assembly assembly = {.recorder = recorder, .ordinal = recorder->meta.last_ordinal + 1};
    tern_status status = trn_doom_cause(store, error);

    trn_capture_stop(store);
    if (status == TERN_OK && !trn_store_in_transaction(store)) {
        status = trn_fail(error, TERN_ERR_SQL, "SQLite gave the transaction up");
    }
    if (status == TERN_OK && recorder->stamped) {
        status = assemble(&assembly, error);
    }
    if (status == TERN_OK && assembly.changes != 0) {
        status = queue_entry(&assembly, error);
    }
    if (status == TERN_OK) {
        status = trn_store_commit(store, error);
    }
    if (status == TERN_OK) {
        *ret_kept = assembly.kept;
        trn_recorder_stop(recorder);
    } else {
        trn_rollback(recorder);
    }
    assembly_free(&assembly);
    return status;
}

void trn_rollback(struct trn_recorder *recorder)
{
    trn_store_rollback(recorder->engine->store);
    trn_recorder_stop(recorder);
}
