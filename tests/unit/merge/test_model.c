/* The merge and the reference model, side by side: two programs written apart from one contract.
 * Cases are made by dice; TERN_MODEL_CASE=seed plays one again, TERN_MODEL_CASES=n more of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "tests/harness/harness.h"
#include "tests/unit/merge/pair.h"

static const char document[] =
    "{\"tern\":1,\"name\":\"agreement\",\"version\":1,\"users\":{\"table\":\"users\"},\"tables\":["
    "{\"name\":\"users\",\"scopes\":[\"id\"],\"columns\":[{\"name\":\"n\",\"type\":\"text\","
    "\"nullable\":true}]},"
    "{\"name\":\"doses\",\"scopes\":[\"owner_id\"],\"columns\":["
    "{\"name\":\"owner_id\",\"type\":\"uuid\",\"references\":{\"table\":\"users\",\"may_leave_"
    "scope\":true}},"
    "{\"name\":\"planned\",\"type\":\"integer\",\"default\":0},"
    "{\"name\":\"status\",\"type\":\"text\",\"default\":\"DUE\"},"
    "{\"name\":\"taken\",\"type\":\"integer\",\"nullable\":true},"
    "{\"name\":\"note\",\"type\":\"text\"}],"
    "\"units\":[{\"name\":\"schedule\",\"columns\":[\"planned\"],\"rank\":\"inferred\","
    "\"recorded_if_inserted_with\":{\"column\":\"status\",\"value\":\"TAKEN\"}},"
    "{\"name\":\"outcome\",\"columns\":[\"status\",\"taken\"],\"inferred_if\":{\"column\":"
    "\"status\",\"values\":[\"DUE\",\"MISSED\"]}},"
    "{\"name\":\"text\",\"columns\":[\"note\"]}]},"
    "{\"name\":\"logs\",\"scopes\":[\"owner_id\"],\"append_only\":true,\"write\":\"insert_only\","
    "\"columns\":["
    "{\"name\":\"owner_id\",\"type\":\"uuid\",\"references\":{\"table\":\"users\",\"may_leave_"
    "scope\":true}},"
    "{\"name\":\"line\",\"type\":\"integer\"}]}]}";

static unsigned roll(struct pair *pair, unsigned below)
{
    pair->dice = pair->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(pair->dice >> 33) % below;
}

static void agree(const struct pair *pair, bool same, const char *what, int64_t a, int64_t b)
{
    if (!same) {
        (void)fprintf(stderr,
                      "TERN_MODEL_CASE=%llu: %s: %lld by the merge, %lld by the model\n",
                      (unsigned long long)pair->seed,
                      what,
                      (long long)a,
                      (long long)b);
        CHECK(same);
    }
}

static tern_id id_of(char kind, size_t number)
{
    tern_id id = {{0}};

    id.bytes[0] = (uint8_t)kind;
    id.bytes[15] = (uint8_t)number;
    return id;
}

static size_t table_of(size_t row)
{
    return row == ROWS - 1 ? LOGS : DOSES;
}

/* ---- Dice ---- */

static void roll_values(struct pair *pair, struct model_change *change)
{
    static const char *const statuses[] = {"DUE", "TAKEN", "MISSED", "SKIPPED"};
    static const uint8_t owner[16] = {'u'};

    change->values[0] = tern_value_integer(roll(pair, 3));
    change->values[1] = tern_value_blob(owner, sizeof(owner));
    if (change->table == LOGS) {
        change->values[2] = tern_value_integer(roll(pair, 2));
        return;
    }
    change->values[2] = tern_value_integer(roll(pair, 3));
    change->values[STATUS] = tern_value_text(statuses[roll(pair, 4)]);
    change->values[4] = roll(pair, 2) == 0 ? tern_value_null() : tern_value_integer(7);
    change->values[5] = tern_value_text(roll(pair, 2) == 0 ? "a" : "b");
}

/* A base: what stands there as a rule, else something older or nothing. */
static int64_t roll_base(struct pair *pair, const struct row *row, size_t unit)
{
    switch (roll(pair, 4)) {
    case 0:
        return roll(pair, (unsigned)pair->number + 2);
    case 1:
        return 0;
    default:
        return row->numbers[unit];
    }
}

static void roll_change(struct pair *pair, struct draft *draft, size_t index)
{
    static const enum model_operation operations[] = {MODEL_INSERT,
                                                      MODEL_UPDATE,
                                                      MODEL_UPDATE,
                                                      MODEL_UPDATE,
                                                      MODEL_UNDO,
                                                      MODEL_DELETE,
                                                      MODEL_UNDELETE};
    struct model_change *change = &draft->changes[index];
    size_t row = roll(pair, ROWS);
    bool exists = pair->rows[row].exists;

    draft->rows[index] = row;
    *change = (struct model_change){.table = table_of(row), .id = id_of('r', row)};
    change->operation = exists || roll(pair, 8) == 0 ? operations[roll(pair, 7)] : MODEL_INSERT;
    if (change->operation == MODEL_UPDATE || change->operation == MODEL_UNDO) {
        change->unit = 1 + roll(pair, (unsigned)pair->schema->tables[change->table].unit_count - 1);
    }
    change->base =
        change->operation == MODEL_INSERT ? 0 : roll_base(pair, &pair->rows[row], change->unit);
    roll_values(pair, change);
}

/* What is left of a transaction that is here, too, under a number that is not named. */
static void roll_left(struct pair *pair, struct draft *draft)
{
    int64_t of = 2 + (int64_t)roll(pair, (unsigned)pair->number - 1);

    draft->tx.kind = roll(pair, 3) == 0 ? MODEL_LEFT_INFERRED : MODEL_LEFT_RECORDED;
    draft->tx.time_us = pair->times_us[of];
    draft->device = pair->devices[of];
    draft->tx.author = id_of('d', draft->device);
}

static void roll_draft(struct pair *pair, struct draft *draft, size_t index)
{
    static const int64_t skews_us[] = {0, 0, 0, -20, 20, 400, -400, 2000000};
    int64_t skew_us = skews_us[roll(pair, 8)] * MINUTE_US;

    memset(draft, 0, sizeof(*draft));
    draft->device = roll(pair, DEVICES);
    draft->received_us = START_US + (int64_t)index * MINUTE_US;
    draft->tx.age_us = (int64_t)roll(pair, 4) * MINUTE_US;
    draft->sent_us = draft->received_us + skew_us;
    draft->tx.time_us = draft->sent_us - draft->tx.age_us;
    if (roll(pair, 6) == 0) { /* it was corrected in between */
        draft->sent_us = draft->received_us;
    }
    draft->tx.offered_again = roll(pair, 8) == 0;
    draft->tx.stored_us = draft->received_us - (int64_t)roll(pair, 100) * MINUTE_US;
    draft->tx.tx = id_of('t', index);
    draft->tx.author = id_of('d', draft->device);
    draft->tx.ordinal = index + 1;
    draft->tx.kind = roll(pair, 3) == 0 ? MODEL_INFERRED : MODEL_RECORDED;
    if (pair->number > 1 && roll(pair, 8) == 0) {
        roll_left(pair, draft);
    }
    draft->tx.change_count = 1 + roll(pair, CHANGES);
    draft->tx.changes = draft->changes;
    for (size_t i = 0; i < draft->tx.change_count; i++) {
        roll_change(pair, draft, i);
    }
}

/* ---- Side by side ---- */

static void compare_row(const struct pair *pair, size_t index)
{
    const struct row *row = &pair->rows[index];
    const struct trn_table *table = &pair->schema->tables[table_of(index)];
    tern_id id = id_of('r', index);
    const struct model_row *other = model_row_find(pair->model, table_of(index), &id);

    agree(pair, row->exists == (other != NULL), "a row is there", row->exists, other != NULL);
    if (other == NULL) {
        return;
    }
    agree(pair,
          row->deleted_us == (other->deleted ? other->deleted_us : 0),
          "a row is deleted at",
          row->deleted_us,
          other->deleted_us);
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        const struct model_unit *theirs = &other->units[unit];

        agree(pair,
              row->numbers[unit] == theirs->number,
              table->units[unit].name,
              row->numbers[unit],
              theirs->number);
        agree(pair,
              (int)row->stamps[unit].rank == theirs->rank,
              "the rank of a unit",
              (int64_t)row->stamps[unit].rank,
              theirs->rank);
    }
    for (size_t i = 0; i < table->column_count; i++) {
        agree(pair,
              trn_value_equal(&row->values[i], &other->values[i]),
              table->columns[i].name,
              row->values[i].integer,
              other->values[i].integer);
    }
}

static void compare_asides(const struct pair *pair)
{
    bool found[ASIDES] = {false};

    agree(pair,
          pair->aside_count == model_audit_count(pair->model),
          "values set aside",
          (int64_t)pair->aside_count,
          (int64_t)model_audit_count(pair->model));
    for (size_t i = 0; i < pair->aside_count; i++) {
        const struct aside *aside = &pair->asides[i];
        tern_id id = id_of('r', aside->row);
        bool any = false;

        for (size_t j = 0; j < pair->aside_count && !any; j++) {
            const struct model_audit *audit = model_audit_at(pair->model, j);

            any = !found[j] && memcmp(&audit->row, &id, sizeof(id)) == 0 &&
                  audit->unit == aside->unit && strcmp(audit->rule, aside->rule) == 0 &&
                  audit->lost.number == aside->lost && audit->kept.number == aside->kept;
            found[j] = found[j] || any;
        }
        agree(pair, any, "a value that the model keeps is set aside by tx", aside->lost, 0);
    }
}

static void compare_verdict(const struct pair *pair,
                            const struct model_verdict *ours,
                            const struct model_verdict *theirs)
{
    agree(pair, ours->kind == theirs->kind, "a verdict", (int)ours->kind, (int)theirs->kind);
    agree(pair, ours->code == theirs->code, "a code", (int)ours->code, (int)theirs->code);
    agree(pair, ours->change == theirs->change, "a change", ours->change, theirs->change);
    agree(pair,
          ours->stored_us == theirs->stored_us,
          "a stored time",
          ours->stored_us,
          theirs->stored_us);
    agree(pair, ours->number == theirs->number, "a number", ours->number, theirs->number);
}

/* Whose rows they are; tx 1 of both. */
static void add_owner(struct pair *pair)
{
    const struct model_request request = {.power = MODEL_OPERATOR,
                                          .epoch = "",
                                          .device = id_of('d', DEVICES),
                                          .sent_us = START_US,
                                          .received_us = START_US};
    const struct model_change change = {.operation = MODEL_INSERT, .id = id_of('u', 0)};
    const struct model_tx tx = {.tx = id_of('u', 1),
                                .author = id_of('d', DEVICES),
                                .ordinal = 1,
                                .time_us = START_US,
                                .kind = MODEL_RECORDED,
                                .changes = &change,
                                .change_count = 1};

    pair->number = model_push(pair->model, &request, &tx, 0).number;
    pair->times_us[pair->number] = START_US;
    CHECK_INT(pair->number, 1);
}

static void play(const struct trn_schema *schema, uint64_t seed)
{
    static struct pair pair;
    static struct draft draft;

    memset(&pair, 0, sizeof(pair));
    pair.seed = seed;
    pair.dice = seed * UINT64_C(2654435761);
    pair.schema = schema;
    pair.model = model_new(schema, NULL);
    for (size_t i = 0; i < DEVICES; i++) {
        pair.previous_us[i] = INT64_MIN;
    }
    add_owner(&pair);
    for (size_t i = 0; i < TXS; i++) {
        struct model_request request = {.power = MODEL_OPERATOR, .epoch = ""};
        struct model_verdict ours;
        struct model_verdict theirs;

        roll_draft(&pair, &draft, i);
        request.device = draft.tx.author;
        request.received_us = draft.received_us;
        request.sent_us = draft.sent_us;
        ours = merge_draft(&pair, &draft);
        theirs = model_push(pair.model, &request, &draft.tx, 0);
        compare_verdict(&pair, &ours, &theirs);
        for (size_t row = 0; row < ROWS; row++) {
            compare_row(&pair, row);
        }
        compare_asides(&pair);
    }
    model_free(pair.model);
}

static struct trn_schema *load(const char *text, size_t size)
{
    struct trn_schema *schema = NULL;

    tern_error error = {.status = TERN_OK};

    if (trn_schema_load(text, size, &schema, &error) != TERN_OK) {
        CHECK_TEXT(error.message, "");
    }
    return schema;
}

TEST(merge_and_model_agree_on_whatever_dice_bring_together)
{
    const char *one = getenv("TERN_MODEL_CASE");
    const char *many = getenv("TERN_MODEL_CASES");
    uint64_t cases = many != NULL ? strtoull(many, NULL, 10) : CASES;
    struct trn_schema *schema = load(document, strlen(document));

    if (one != NULL) {
        play(schema, strtoull(one, NULL, 10));
    }
    for (uint64_t seed = 1; one == NULL && seed <= cases; seed++) {
        play(schema, seed);
    }
    trn_schema_free(schema);
}

TEST(merge_and_model_order_stamps_alike)
{
    struct pair pair = {.seed = 1, .dice = 1};

    for (unsigned i = 0; i < 20000; i++) {
        struct trn_stamp a = {.rank = (enum trn_rank)roll(&pair, 2),
                              .time_us = (int64_t)roll(&pair, 3) - 1,
                              .device = id_of('d', roll(&pair, 3))};
        struct trn_stamp b = {.rank = (enum trn_rank)roll(&pair, 2),
                              .time_us = (int64_t)roll(&pair, 3) - 1,
                              .device = id_of('d', roll(&pair, 3))};
        struct model_unit c = {.rank = (int)a.rank, .time_us = a.time_us, .device = a.device};
        struct model_unit d = {.rank = (int)b.rank, .time_us = b.time_us, .device = b.device};
        int ours = trn_stamp_compare(&a, &b);
        int theirs = model_compare(&c, &d);

        agree(&pair, (ours > 0) - (ours < 0) == (theirs > 0) - (theirs < 0), "order", ours, theirs);
    }
}

/* ---- Ranks ---- */

/* A value that the unit's rule may look at, or any other. */
static tern_value
roll_cell(struct pair *pair, const struct trn_unit *unit, const struct trn_column *column)
{
    switch (roll(pair, 5)) {
    case 0:
        return tern_value_null();
    case 1:
        return tern_value_text("other");
    case 2:
        return unit->inferred_value_count > 0
                   ? tern_value_text(
                         unit->inferred_values[roll(pair, (unsigned)unit->inferred_value_count)])
                   : tern_value_integer(1);
    case 3:
        return tern_value_text(unit->recorded_if_value);
    default:
        return column->has_default ? column->default_value : tern_value_null();
    }
}

static void compare_ranks(struct pair *pair, const struct trn_table *table, size_t unit)
{
    tern_value values[TRN_COLUMNS_MAX];
    unsigned defaults = roll(pair, 3);

    for (size_t i = 0; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];

        values[i] = defaults == 0 && column->unit == unit
                        ? (column->has_default ? column->default_value : tern_value_null())
                        : roll_cell(pair, &table->units[unit], column);
    }
    for (unsigned flags = 0; flags < 8; flags++) {
        bool inferred = (flags & 1) != 0;
        bool undo = flags >> 1 == 1;
        bool insert = flags >> 1 == 2;
        int ours = (int)trn_change_rank(table, unit, values, inferred, undo, insert);
        int theirs = model_rank(table, unit, values, inferred, undo, insert);

        agree(pair, ours == theirs, table->units[unit].name, ours, theirs);
    }
}

TEST(merge_and_model_rank_alike)
{
    struct pair pair = {.seed = 1, .dice = 1};
    static char text[65536];
    FILE *file = fopen(SCHEMA_FILE, "rb");
    struct trn_schema *schema;
    size_t size;

    CHECK(file != NULL);
    size = fread(text, 1, sizeof(text), file);
    CHECK_INT(fclose(file), 0);
    schema = load(text, size);
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < schema->table_count; i++) {
            for (size_t unit = 0; unit < schema->tables[i].unit_count; unit++) {
                compare_ranks(&pair, &schema->tables[i], unit);
            }
        }
    }
    trn_schema_free(schema);
}
