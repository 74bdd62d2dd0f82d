/* A transaction meets the rows, by the merge under test. */
#include "tests/unit/merge/pair.h"

#include <string.h>

#include "model/clock.h"
#include "schema/schema.h"
#include "tests/harness/harness.h"

bool is_left(const struct draft *draft)
{
    return draft->tx.kind == MODEL_LEFT_RECORDED || draft->tx.kind == MODEL_LEFT_INFERRED;
}

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
        claim.stored = true;
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

struct model_verdict merge_draft(struct pair *pair, const struct draft *draft)
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
