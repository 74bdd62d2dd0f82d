/* Who wins, and whether anybody's unseen value is set aside by it. No state, no memory, no clock.
 */
#include "merge/merge.h"

#include "base/assert.h"
#include "base/mutant.h"

static enum trn_merge_rule rule_between(const struct trn_stamp *a, const struct trn_stamp *b)
{
    if (a->rank != b->rank) {
        return TRN_RULE_RANK;
    }
    return a->time_us != b->time_us ? TRN_RULE_LATER : TRN_RULE_DEVICE;
}

/* Both are of one tx, of whatever ranks: time and device name it. */
static bool is_own(const struct trn_merge_unit_input *input)
{
    struct trn_stamp incoming = input->incoming;

    incoming.rank = input->current.rank;
    return trn_stamp_compare(&incoming, &input->current) == 0;
}

struct trn_merge_unit_result trn_merge_unit(const struct trn_merge_unit_input *input)
{
    struct trn_merge_unit_result result = {.incoming_wins = true};
    int order;

    TRN_ASSERT(input != NULL);

    if (!input->current_written) {
        return result;
    }
    if (input->yields && !input->same_tx && is_own(input)) {
        result.incoming_wins = false;
        result.audit = !input->same_values;
        result.rule = result.audit ? TRN_RULE_OWN : TRN_RULE_NONE;
        return result;
    }
    order = trn_stamp_compare(&input->incoming, &input->current);
    result.incoming_wins = order >= 0;
    result.audit =
        !input->same_values &&
        (order < 0 || (!input->base_is_current && !input->same_tx && !TRN_MUTANT(AUDIT_MISSING)));
    if (result.audit) {
        result.rule = !input->same_tx && is_own(input)
                          ? TRN_RULE_OWN
                          : rule_between(&input->incoming, &input->current);
    }
    return result;
}

const char *trn_merge_rule_name(enum trn_merge_rule rule)
{
    switch (rule) {
    case TRN_RULE_NONE:
        return "";
    case TRN_RULE_RANK:
        return "RANK";
    case TRN_RULE_LATER:
        return "LATER";
    case TRN_RULE_DEVICE:
        return "DEVICE";
    case TRN_RULE_OWN:
        return "OWN";
    }
    return "";
}

/* Existence merges as any unit does; `deletes` is what the change wants it to be. */
static struct trn_merge_unit_result merge_existence(const struct trn_merge_row_input *input,
                                                    bool deletes)
{
    struct trn_merge_unit_input existence = input->existence;

    existence.base_is_current = input->base_is_current;
    existence.same_values = input->deleted == deletes;
    return trn_merge_unit(&existence);
}

static struct trn_merge_row_result reject(tern_status status)
{
    return (struct trn_merge_row_result){.status = status};
}

static struct trn_merge_row_result merge_insert(const struct trn_merge_row_input *input)
{
    struct trn_merge_row_result result = {.status = TERN_OK};

    if (!input->exists) {
        result.create = true;
        result.existence.incoming_wins = true;
        return result;
    }
    if (input->append_only) {
        return input->same_content ? result : reject(TERN_ERR_APPEND_ONLY);
    }
    if (input->deleted && !input->base_is_current) {
        return reject(TERN_ERR_DELETED);
    }
    result.merge_units = true;
    result.existence = merge_existence(input, false);
    return result;
}

static struct trn_merge_row_result merge_deletion(const struct trn_merge_row_input *input,
                                                  bool deletes)
{
    struct trn_merge_row_result result = {.status = TERN_OK};

    if (deletes && input->existence.incoming.rank == TRN_RANK_0_INFERRED) {
        return reject(TERN_ERR_OUTRANKED);
    }
    result.existence = merge_existence(input, deletes);
    return result;
}

struct trn_merge_row_result trn_merge_row(const struct trn_merge_row_input *input)
{
    struct trn_merge_row_result result = {.status = TERN_OK};

    TRN_ASSERT(input != NULL);

    if (input->operation == TRN_OP_INSERT) {
        return merge_insert(input);
    }
    if (!input->exists) {
        return reject(TERN_ERR_NOT_FOUND);
    }
    if (input->append_only) {
        return reject(TERN_ERR_APPEND_ONLY);
    }
    if (input->operation == TRN_OP_DELETE || input->operation == TRN_OP_UNDELETE) {
        return merge_deletion(input, input->operation == TRN_OP_DELETE);
    }
    result.merge_units = true; /* edits of a deleted row are kept beneath */
    return result;
}
