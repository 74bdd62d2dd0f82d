/* The rank of a change: undo, then the tx that guesses, then defaults, then the schema's rule. */
#include "model/change.h"

#include "tests/harness/harness.h"
#include "tests/unit/model/tables.h"

static const struct trn_table *doses(void)
{
    return &tables_schema()->tables[TABLES_DOSES];
}

static enum trn_rank outcome(const char *status, bool tx_inferred, bool undo, bool insert)
{
    tern_value values[TRN_COLUMNS_MAX] = {0};

    values[DOSE_STATUS] = tern_value_text(status);
    return trn_change_rank(doses(), DOSE_UNIT_OUTCOME, values, tx_inferred, undo, insert);
}

TEST(a_taken_dose_is_recorded_and_a_missed_one_inferred)
{
    CHECK_INT(outcome("TAKEN_LATE", false, false, false), TRN_RANK_1_RECORDED);
    CHECK_INT(outcome("SKIPPED", false, false, true), TRN_RANK_1_RECORDED);
    CHECK_INT(outcome("MISSED", false, false, false), TRN_RANK_0_INFERRED);
    CHECK_INT(outcome("DUE", false, false, false), TRN_RANK_0_INFERRED);
}

TEST(an_undo_is_a_person_s_act_whatever_the_value)
{
    CHECK_INT(outcome("DUE", false, true, false), TRN_RANK_1_RECORDED);
    CHECK_INT(outcome("DUE", true, true, false), TRN_RANK_1_RECORDED);
}

TEST(a_job_s_word_makes_all_it_writes_inferred)
{
    tern_value values[TRN_COLUMNS_MAX] = {0};

    CHECK_INT(outcome("TAKEN_LATE", true, false, false), TRN_RANK_0_INFERRED);
    CHECK_INT(trn_change_rank(doses(), DOSE_UNIT_EXISTENCE, values, true, false, true),
              TRN_RANK_0_INFERRED);
    CHECK_INT(trn_change_rank(doses(), DOSE_UNIT_EXISTENCE, values, false, false, true),
              TRN_RANK_1_RECORDED);
}

TEST(a_unit_of_defaults_is_inferred_in_an_insert_only)
{
    const struct trn_table *kinds = &tables_schema()->tables[TABLES_KINDS];
    tern_value values[TRN_COLUMNS_MAX] = {0};

    values[KIND_ADDED] = tern_value_text("none");
    CHECK_INT(trn_change_rank(kinds, KIND_UNIT_ALL, values, false, false, true),
              TRN_RANK_0_INFERRED);
    CHECK_INT(trn_change_rank(kinds, KIND_UNIT_ADDED, values, false, false, true),
              TRN_RANK_0_INFERRED);
    CHECK_INT(trn_change_rank(kinds, KIND_UNIT_ADDED, values, false, false, false),
              TRN_RANK_1_RECORDED);
    values[KIND_ADDED] = tern_value_null();
    CHECK_INT(trn_change_rank(kinds, KIND_UNIT_ADDED, values, false, false, true),
              TRN_RANK_1_RECORDED);
}

TEST(a_schedule_is_inferred_but_for_a_dose_taken_as_needed)
{
    tern_value values[TRN_COLUMNS_MAX] = {0};

    values[DOSE_SLOT] = tern_value_text("MORNING");
    values[DOSE_IS_PRN] = tern_value_integer(0);
    CHECK_INT(trn_change_rank(doses(), DOSE_UNIT_SCHEDULE, values, false, false, false),
              TRN_RANK_0_INFERRED);
    values[DOSE_IS_PRN] = tern_value_integer(1);
    CHECK_INT(trn_change_rank(doses(), DOSE_UNIT_SCHEDULE, values, false, false, false),
              TRN_RANK_1_RECORDED);
    CHECK_INT(trn_change_rank(doses(), DOSE_UNIT_SCHEDULE, values, true, false, false),
              TRN_RANK_0_INFERRED);
}

TEST(an_exception_may_name_a_text)
{
    static const uint16_t columns[] = {DOSE_SLOT};
    const struct trn_unit unit = {.columns = columns,
                                  .column_count = 1,
                                  .rank_rule = TRN_RANK_INFERRED,
                                  .recorded_if_column = DOSE_SLOT,
                                  .recorded_if_value = "PRN"};
    struct trn_table table = *doses();
    struct trn_unit units[] = {doses()->units[0], unit};
    tern_value values[TRN_COLUMNS_MAX] = {0};

    table.units = units;
    table.unit_count = 2;
    values[DOSE_SLOT] = tern_value_text("PRN");
    CHECK_INT(trn_change_rank(&table, 1, values, false, false, true), TRN_RANK_1_RECORDED);
    values[DOSE_SLOT] = tern_value_text("PR");
    CHECK_INT(trn_change_rank(&table, 1, values, false, false, true), TRN_RANK_0_INFERRED);
}
