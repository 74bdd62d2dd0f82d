/* What an operation does to the row as such: existence, deletes, and tables that only grow. */
#include "merge/merge.h"

#include "tests/harness/harness.h"

/* A live row written at 1000 by device 5; the change comes at 2000 from device 6, unseen. */
static struct trn_merge_row_input meeting(enum trn_operation operation)
{
    return (struct trn_merge_row_input){
        .operation = operation,
        .exists = true,
        .existence = {.current_written = true,
                      .current = {TRN_RANK_1_RECORDED, 1000, {{5}}},
                      .incoming = {TRN_RANK_1_RECORDED, 2000, {{6}}}},
    };
}

static void check_rejected(const struct trn_merge_row_input *input, tern_status status)
{
    struct trn_merge_row_result result = trn_merge_row(input);

    CHECK_INT(result.status, status);
    CHECK(!result.create && !result.merge_units && !result.existence.incoming_wins);
}

TEST(an_insert_of_a_new_id_makes_the_row)
{
    struct trn_merge_row_input input = meeting(TRN_OP_INSERT);
    struct trn_merge_row_result result;

    input.exists = false;
    result = trn_merge_row(&input);
    CHECK(result.status == TERN_OK && result.create && !result.merge_units);
    CHECK(result.existence.incoming_wins && !result.existence.audit);
}

TEST(two_inserts_of_one_derived_id_merge_unit_by_unit)
{
    struct trn_merge_row_input input = meeting(TRN_OP_INSERT);
    struct trn_merge_row_result result = trn_merge_row(&input);

    CHECK(result.status == TERN_OK && !result.create && result.merge_units);
    CHECK(result.existence.incoming_wins && !result.existence.audit);
    input.existence.incoming.time_us = 500;
    result = trn_merge_row(&input);
    CHECK(result.status == TERN_OK && result.merge_units);
    CHECK(!result.existence.incoming_wins && !result.existence.audit);
}

TEST(an_insert_never_passes_a_delete_it_had_not_seen)
{
    struct trn_merge_row_input input = meeting(TRN_OP_INSERT);

    input.deleted = true;
    check_rejected(&input, TERN_ERR_DELETED);
    input.existence.incoming.time_us = 500;
    check_rejected(&input, TERN_ERR_DELETED);
}

TEST(an_insert_over_a_delete_it_had_seen_brings_the_row_back)
{
    struct trn_merge_row_input input = meeting(TRN_OP_INSERT);
    struct trn_merge_row_result result;

    input.deleted = true;
    input.base_is_current = true;
    result = trn_merge_row(&input);
    CHECK(result.status == TERN_OK && result.merge_units);
    CHECK(result.existence.incoming_wins && !result.existence.audit);
}

TEST(an_append_only_row_takes_its_repeat_and_nothing_else)
{
    struct trn_merge_row_input input = meeting(TRN_OP_INSERT);
    struct trn_merge_row_result result;

    input.append_only = true;
    input.same_content = true;
    result = trn_merge_row(&input);
    CHECK(result.status == TERN_OK && !result.create && !result.merge_units);
    CHECK(!result.existence.incoming_wins);
    input.same_content = false;
    check_rejected(&input, TERN_ERR_APPEND_ONLY);
    for (int operation = TRN_OP_UPDATE; operation <= TRN_OP_UNDELETE; operation++) {
        input.operation = (enum trn_operation)operation;
        check_rejected(&input, TERN_ERR_APPEND_ONLY);
    }
}

TEST(an_edit_of_a_deleted_row_is_kept_beneath_and_does_not_bring_it_back)
{
    for (int operation = TRN_OP_UPDATE; operation <= TRN_OP_UNDO; operation++) {
        struct trn_merge_row_input input = meeting((enum trn_operation)operation);
        struct trn_merge_row_result result;

        input.deleted = true;
        result = trn_merge_row(&input);
        CHECK(result.status == TERN_OK && result.merge_units && !result.create);
        CHECK(!result.existence.incoming_wins && !result.existence.audit);
    }
}

TEST(only_an_insert_may_name_a_row_that_is_not_there)
{
    for (int operation = TRN_OP_UPDATE; operation <= TRN_OP_UNDELETE; operation++) {
        struct trn_merge_row_input input = meeting((enum trn_operation)operation);

        input.exists = false;
        check_rejected(&input, TERN_ERR_NOT_FOUND);
    }
}

TEST(a_delete_and_an_undelete_merge_by_stamp_like_any_unit)
{
    struct trn_merge_row_input input = meeting(TRN_OP_DELETE);
    struct trn_merge_row_result result = trn_merge_row(&input);

    CHECK(result.existence.incoming_wins && result.existence.audit && !result.merge_units);
    input.base_is_current = true;
    result = trn_merge_row(&input);
    CHECK(result.existence.incoming_wins && !result.existence.audit);
    input = meeting(TRN_OP_UNDELETE);
    input.deleted = true;
    input.existence.incoming.time_us = 500;
    result = trn_merge_row(&input);
    CHECK(!result.existence.incoming_wins && result.existence.audit);
    CHECK_INT(result.existence.rule, TRN_RULE_LATER);
}

TEST(two_deletes_agree_whatever_the_caller_says_of_their_values)
{
    struct trn_merge_row_input input = meeting(TRN_OP_DELETE);

    input.deleted = true;
    input.existence.same_values = false;
    CHECK(!trn_merge_row(&input).existence.audit);
}

TEST(a_rule_s_tx_deletes_nothing)
{
    struct trn_merge_row_input input = meeting(TRN_OP_DELETE);

    input.existence.incoming.rank = TRN_RANK_0_INFERRED;
    check_rejected(&input, TERN_ERR_OUTRANKED);
    input.operation = TRN_OP_UNDELETE;
    CHECK_INT(trn_merge_row(&input).status, TERN_OK);
    CHECK(!trn_merge_row(&input).existence.incoming_wins);
}
