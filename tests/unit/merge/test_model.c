/* The merge and the reference model, side by side: two programs written apart from one contract.
 * Cases are made by dice; TERN_MODEL_CASE=seed plays one again, TERN_MODEL_CASES=n more of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "merge/merge.h"
#include "model/clock.h"
#include "schema/schema.h"
#include "sim/model/model.h"
#include "tests/harness/harness.h"

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

enum { DOSES = 1, LOGS = 2, ROWS = 3, DEVICES = 3, CHANGES = 3, TXS = 16, CASES = 4000 };
enum { STATUS = 3 };

#define MINUTE_US INT64_C(60000000)
#define START_US INT64_C(1763600000000000)

/* A row as the code under test leaves it; the number of a unit is that of its tx. */
struct row {
    bool exists;
    int64_t deleted_us;
    int64_t numbers[TRN_UNITS_MAX];
    struct trn_stamp stamps[TRN_UNITS_MAX];
    tern_value values[TRN_COLUMNS_MAX];
};

struct aside {
    size_t row;
    size_t unit;
    const char *rule;
    int64_t lost;
    int64_t kept;
};

enum { ASIDES = 512 };

/* One case: the rows that the merge makes, and the model. */
struct pair {
    uint64_t seed;
    uint64_t dice;
    const struct trn_schema *schema;
    struct model *model;
    struct row rows[ROWS];
    struct aside asides[ASIDES];
    size_t aside_count;
    int64_t previous_us[DEVICES];
    int64_t times_us[TXS + 2]; /* stored, by number */
    size_t devices[TXS + 2];
    int64_t number; /* of the last tx applied */
};

/* A transaction of dice. */
struct draft {
    struct model_tx tx;
    struct model_change changes[CHANGES];
    size_t rows[CHANGES];
    size_t device;
    int64_t received_us;
    int64_t sent_us;
};

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

static bool is_left(const struct draft *draft)
{
    return draft->tx.kind == MODEL_LEFT_RECORDED || draft->tx.kind == MODEL_LEFT_INFERRED;
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

/* ---- The merge ---- */

static int64_t stored_time(const struct pair *pair, const struct draft *draft)
{
    struct trn_claim claim = {.time_us = draft->tx.time_us,
                              .age_us = draft->tx.age_us,
                              .sent_us = draft->sent_us,
                              .received_us = draft->received_us,
                              .newest_base_us = INT64_MIN,
                              .previous_us = pair->previous_us[draft->device]};

    if (is_left(draft)) {
        int64_t most_us = draft->received_us + 5 * MINUTE_US;

        return draft->tx.time_us < most_us ? draft->tx.time_us : most_us;
    }
    if (draft->tx.offered_again) {
        claim.time_us = draft->tx.stored_us;
        claim.age_us = claim.received_us - claim.time_us;
        claim.sent_us = claim.received_us;
    }
    for (size_t i = 0; i < draft->tx.change_count; i++) {
        int64_t base = draft->changes[i].base;

        if (base > 0 && base <= pair->number && pair->times_us[base] > claim.newest_base_us) {
            claim.newest_base_us = pair->times_us[base];
        }
    }
    return trn_clock_store(&claim, NULL);
}

/* What one change meets, and the transaction it is of. */
struct meeting {
    struct pair *pair;
    const struct draft *draft;
    const struct model_change *change;
    const struct trn_table *table;
    size_t at; /* of the row */
    struct row *row;
    int64_t stored_us;
};

static bool is_inferred(const struct draft *draft)
{
    return draft->tx.kind == MODEL_INFERRED || draft->tx.kind == MODEL_LEFT_INFERRED;
}

/* Whether the change had seen what stands in the unit. */
static bool base_is_current(const struct meeting *meeting, size_t unit)
{
    return meeting->change->operation != MODEL_INSERT && !is_left(meeting->draft) &&
           meeting->row->numbers[unit] != 0 && meeting->row->numbers[unit] == meeting->change->base;
}

static bool yields(const struct meeting *meeting)
{
    return meeting->change->operation == MODEL_INSERT && is_left(meeting->draft);
}

static struct trn_stamp incoming(const struct meeting *meeting, size_t unit)
{
    bool undo = meeting->change->operation == MODEL_UNDO;
    bool insert = meeting->change->operation == MODEL_INSERT;

    return (struct trn_stamp){.rank = trn_change_rank(meeting->table,
                                                      unit,
                                                      meeting->change->values,
                                                      is_inferred(meeting->draft),
                                                      undo,
                                                      insert),
                              .time_us = meeting->stored_us,
                              .device = meeting->draft->tx.author};
}

static void
set_aside(const struct meeting *meeting, size_t unit, const struct trn_merge_unit_result *result)
{
    struct pair *pair = meeting->pair;
    int64_t there = meeting->row->numbers[unit];
    int64_t number = pair->number + 1;

    if (result->audit) {
        CHECK(pair->aside_count < ASIDES);
        pair->asides[pair->aside_count++] =
            (struct aside){.row = meeting->at,
                           .unit = unit,
                           .rule = trn_merge_rule_name(result->rule),
                           .lost = result->incoming_wins ? there : number,
                           .kept = result->incoming_wins ? number : there};
    }
}

static void take(const struct meeting *meeting, size_t unit)
{
    const struct trn_unit *group = &meeting->table->units[unit];

    for (size_t i = 0; unit != 0 && i < group->column_count; i++) {
        meeting->row->values[group->columns[i]] = meeting->change->values[group->columns[i]];
    }
    meeting->row->stamps[unit] = incoming(meeting, unit);
    meeting->row->numbers[unit] = meeting->pair->number + 1;
}

static void merge_unit(const struct meeting *meeting, size_t unit)
{
    struct row *row = meeting->row;
    struct trn_merge_unit_input input = {
        .current_written = row->numbers[unit] != 0,
        .current = row->stamps[unit],
        .incoming = incoming(meeting, unit),
        .base_is_current = base_is_current(meeting, unit),
        .yields = yields(meeting),
        .same_tx = row->numbers[unit] == meeting->pair->number + 1,
        .same_values = trn_unit_equal(meeting->table, unit, row->values, meeting->change->values)};
    struct trn_merge_unit_result result = trn_merge_unit(&input);

    set_aside(meeting, unit, &result);
    if (result.incoming_wins) {
        take(meeting, unit);
    }
}

static bool same_content(const struct meeting *meeting)
{
    for (size_t i = 1; i < meeting->table->column_count; i++) {
        if (!trn_value_equal(&meeting->row->values[i], &meeting->change->values[i])) {
            return false;
        }
    }
    return true;
}

static void create(const struct meeting *meeting)
{
    struct row *row = meeting->row;

    row->exists = true;
    row->deleted_us = 0;
    memcpy(row->values, meeting->change->values, sizeof(row->values));
    for (size_t unit = 0; unit < meeting->table->unit_count; unit++) {
        row->stamps[unit] = incoming(meeting, unit);
        row->numbers[unit] = meeting->pair->number + 1;
    }
}

static void merge_existence(const struct meeting *meeting,
                            const struct trn_merge_unit_result *result)
{
    bool deletes = meeting->change->operation == MODEL_DELETE;

    set_aside(meeting, 0, result);
    if (result->incoming_wins) {
        take(meeting, 0);
        meeting->row->deleted_us = deletes ? meeting->stored_us : 0;
        if (meeting->change->operation == MODEL_INSERT) {
            meeting->row->values[0] = meeting->change->values[0];
        }
    }
}

static tern_status merge_change(const struct meeting *meeting)
{
    static const enum trn_operation operations[] = {[MODEL_INSERT] = TRN_OP_INSERT,
                                                    [MODEL_UPDATE] = TRN_OP_UPDATE,
                                                    [MODEL_UNDO] = TRN_OP_UNDO,
                                                    [MODEL_DELETE] = TRN_OP_DELETE,
                                                    [MODEL_UNDELETE] = TRN_OP_UNDELETE};
    const struct model_change *change = meeting->change;
    struct row *row = meeting->row;
    bool edits = change->operation == MODEL_UPDATE || change->operation == MODEL_UNDO;
    struct trn_merge_row_input input = {
        .operation = operations[change->operation],
        .exists = row->exists,
        .deleted = row->deleted_us != 0,
        .base_is_current =
            base_is_current(meeting, 0) || (is_left(meeting->draft) && row->deleted_us != 0),
        .append_only = meeting->table->append_only,
        .same_content = same_content(meeting),
        .existence = {.current_written = row->numbers[0] != 0,
                      .current = row->stamps[0],
                      .yields = yields(meeting),
                      .same_tx = row->numbers[0] == meeting->pair->number + 1,
                      .incoming = incoming(meeting, 0)}};
    struct trn_merge_row_result result;

    if (is_left(meeting->draft) && change->operation == MODEL_DELETE && !row->exists) {
        return TERN_OK; /* it is gone, as it was to be */
    }
    result = trn_merge_row(&input);
    if (result.status != TERN_OK) {
        return result.status;
    }
    if (result.create) {
        create(meeting);
        return TERN_OK;
    }
    if (!edits && !meeting->table->append_only) {
        merge_existence(meeting, &result.existence);
    }
    for (size_t unit = 1; result.merge_units && unit < meeting->table->unit_count; unit++) {
        if (!edits || unit == change->unit) {
            merge_unit(meeting, unit);
        }
    }
    return TERN_OK;
}

/* All changes or none. */
static struct model_verdict merge_draft(struct pair *pair, const struct draft *draft)
{
    struct row before[ROWS];
    size_t asides = pair->aside_count;
    struct model_verdict verdict = {.kind = MODEL_APPLIED};

    verdict.stored_us = stored_time(pair, draft);
    memcpy(before, pair->rows, sizeof(before));
    for (size_t i = 0; i < draft->tx.change_count && verdict.kind == MODEL_APPLIED; i++) {
        struct meeting meeting = {.pair = pair,
                                  .draft = draft,
                                  .change = &draft->changes[i],
                                  .table = &pair->schema->tables[draft->changes[i].table],
                                  .at = draft->rows[i],
                                  .row = &pair->rows[draft->rows[i]],
                                  .stored_us = verdict.stored_us};
        tern_status status = merge_change(&meeting);

        if (status != TERN_OK) {
            verdict = (struct model_verdict){.kind = MODEL_REJECTED,
                                             .code = status,
                                             .change = (int64_t)i};
        }
    }
    if (verdict.kind == MODEL_REJECTED) {
        memcpy(pair->rows, before, sizeof(before));
        pair->aside_count = asides;
        return verdict;
    }
    verdict.number = ++pair->number;
    pair->times_us[pair->number] = verdict.stored_us;
    pair->devices[pair->number] = draft->device;
    if (verdict.stored_us > pair->previous_us[draft->device]) {
        pair->previous_us[draft->device] = verdict.stored_us;
    }
    return verdict;
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
