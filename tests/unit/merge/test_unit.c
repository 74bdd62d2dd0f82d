/* The merge of one unit, over every combination of up to four writes and every order of arrival. */
#include "merge/merge.h"

#include <string.h>

#include "tests/harness/harness.h"

enum { WRITES_MAX = 4, NOBODY = -1 };

struct write {
    struct trn_stamp stamp;
    int value;
    int base; /* the write that it had seen, or NOBODY */
};

/* What became of each write's value. */
struct history {
    int current;
    bool audited[WRITES_MAX];
    bool superseded_by_seen[WRITES_MAX];
};

static struct trn_merge_unit_result arrive(const struct write *writes, int current, int incoming)
{
    struct trn_merge_unit_input input = {
        .current_written = current != NOBODY,
        .incoming = writes[incoming].stamp,
        .base_is_current = writes[incoming].base == current,
    };

    if (current != NOBODY) {
        input.current = writes[current].stamp;
        input.same_values = writes[current].value == writes[incoming].value;
    }
    return trn_merge_unit(&input);
}

/* The contract in its own words, beside the result of the code. */
static void check_step(const struct write *writes,
                       int current,
                       int incoming,
                       const struct trn_merge_unit_result *result)
{
    bool differs = current != NOBODY && writes[current].value != writes[incoming].value;
    bool seen = writes[incoming].base == current;

    CHECK(result->audit == (differs && (!result->incoming_wins || !seen)));
    CHECK(result->audit == (result->rule != TRN_RULE_NONE));
    if (current != NOBODY && result->incoming_wins) {
        CHECK(!(writes[current].stamp.rank == TRN_RANK_1_RECORDED &&
                writes[incoming].stamp.rank == TRN_RANK_0_INFERRED));
    }
}

static struct history play(const struct write *writes, const int *order, int count)
{
    struct history history = {.current = NOBODY};

    for (int i = 0; i < count; i++) {
        int incoming = order[i];
        int current = history.current;
        struct trn_merge_unit_result result = arrive(writes, current, incoming);

        check_step(writes, current, incoming, &result);
        if (result.audit) {
            history.audited[result.incoming_wins ? current : incoming] = true;
        }
        if (result.incoming_wins) {
            if (current != NOBODY && writes[incoming].base == current) {
                history.superseded_by_seen[current] = true;
            }
            history.current = incoming;
        }
    }
    return history;
}

static int greatest(const struct write *writes, int count)
{
    int best = 0;

    for (int i = 1; i < count; i++) {
        if (trn_stamp_compare(&writes[i].stamp, &writes[best].stamp) > 0) {
            best = i;
        }
    }
    return best;
}

/* A value set aside is found again in the audit, in the history of who had seen it, or in a value
 * equal to it that went the same way. */
static bool is_kept(const struct write *writes, const struct history *history, int count, int which)
{
    for (int i = 0; i < count; i++) {
        if (writes[i].value == writes[which].value &&
            (i == history->current || history->audited[i] || history->superseded_by_seen[i])) {
            return true;
        }
    }
    return false;
}

static void check_order(const struct write *writes, const int *order, int count)
{
    struct history history = play(writes, order, count);

    CHECK(history.current == greatest(writes, count));
    for (int i = 0; i < count; i++) {
        CHECK(is_kept(writes, &history, count, i));
    }
}

static void check_orders(const struct write *writes, int *order, int count, int fixed)
{
    if (fixed == count) {
        check_order(writes, order, count);
        return;
    }
    for (int i = fixed; i < count; i++) {
        int held = order[fixed];

        order[fixed] = order[i];
        order[i] = held;
        check_orders(writes, order, count, fixed + 1);
        order[i] = order[fixed];
        order[fixed] = held;
    }
}

/* Bits of `choice`: rank and value of each write; `bases` counts through what each had seen. */
static void fill(struct write *writes, int count, unsigned choice, unsigned bases, bool ties)
{
    memset(writes, 0, WRITES_MAX * sizeof(*writes));
    for (int i = 0; i < count; i++) {
        unsigned options = (unsigned)i + 1;

        writes[i].stamp.rank = (enum trn_rank)(choice >> (2 * i) & 1);
        writes[i].stamp.time_us = ties ? 100 : 100 + i;
        writes[i].stamp.device.bytes[15] = (uint8_t)(i * 5 % 7 + 1);
        writes[i].value = (int)(choice >> (2 * i + 1) & 1);
        writes[i].base = (int)(bases % options) - 1;
        bases /= options;
    }
}

TEST(every_order_of_arrival_ends_in_the_same_winner_and_loses_no_value)
{
    static const unsigned base_choices[] = {1, 1, 2, 6, 24};
    unsigned scenarios = 0;

    for (int count = 1; count <= WRITES_MAX; count++) {
        for (unsigned choice = 0; choice < 1U << (2 * count); choice++) {
            for (unsigned bases = 0; bases < 2 * base_choices[count]; bases++) {
                struct write writes[WRITES_MAX];
                int order[WRITES_MAX] = {0, 1, 2, 3};

                fill(writes, count, choice, bases / 2, bases % 2 == 1);
                check_orders(writes, order, count, 0);
                scenarios++;
            }
        }
    }
    CHECK_INT(scenarios, 2 * (4 + 16 * 2 + 64 * 6 + 256 * 24));
}

static struct trn_merge_unit_input
meeting(enum trn_rank current, enum trn_rank incoming, int64_t later_by_us)
{
    return (struct trn_merge_unit_input){
        .current_written = true,
        .current = {.rank = current, .time_us = 1000, .device = {{5}}},
        .incoming = {.rank = incoming, .time_us = 1000 + later_by_us, .device = {{5}}},
    };
}

TEST(a_recorded_dose_is_never_replaced_by_a_later_missed)
{
    struct trn_merge_unit_input input =
        meeting(TRN_RANK_1_RECORDED, TRN_RANK_0_INFERRED, INT64_C(1) << 50);
    struct trn_merge_unit_result result;

    for (int seen = 0; seen < 2; seen++) {
        input.base_is_current = seen == 1;
        result = trn_merge_unit(&input);
        CHECK(!result.incoming_wins && result.audit && result.rule == TRN_RULE_RANK);
    }
}

TEST(an_older_record_replaces_a_newer_guess_and_the_guess_is_audited)
{
    struct trn_merge_unit_input input = meeting(TRN_RANK_0_INFERRED, TRN_RANK_1_RECORDED, -500);
    struct trn_merge_unit_result result = trn_merge_unit(&input);

    CHECK(result.incoming_wins && result.audit && result.rule == TRN_RULE_RANK);
}

TEST(a_writer_who_had_seen_the_value_sets_nothing_aside)
{
    struct trn_merge_unit_input input = meeting(TRN_RANK_1_RECORDED, TRN_RANK_1_RECORDED, 1);
    struct trn_merge_unit_result result;

    input.base_is_current = true;
    result = trn_merge_unit(&input);
    CHECK(result.incoming_wins && !result.audit && result.rule == TRN_RULE_NONE);
}

TEST(a_loser_is_audited_even_where_its_writer_had_seen_the_winner)
{
    struct trn_merge_unit_input input = meeting(TRN_RANK_1_RECORDED, TRN_RANK_1_RECORDED, -1);
    struct trn_merge_unit_result result;

    input.base_is_current = true;
    result = trn_merge_unit(&input);
    CHECK(!result.incoming_wins && result.audit && result.rule == TRN_RULE_LATER);
}

TEST(equal_values_are_never_audited)
{
    for (int64_t by_us = -1; by_us <= 1; by_us += 2) {
        struct trn_merge_unit_input input =
            meeting(TRN_RANK_1_RECORDED, TRN_RANK_1_RECORDED, by_us);
        struct trn_merge_unit_result result;

        input.same_values = true;
        result = trn_merge_unit(&input);
        CHECK(result.incoming_wins == (by_us > 0));
        CHECK(!result.audit);
    }
}

TEST(equal_times_are_decided_by_the_greater_device)
{
    struct trn_merge_unit_input input = meeting(TRN_RANK_1_RECORDED, TRN_RANK_1_RECORDED, 0);
    struct trn_merge_unit_result result;

    input.incoming.device.bytes[0] = 6;
    result = trn_merge_unit(&input);
    CHECK(result.incoming_wins && result.audit && result.rule == TRN_RULE_DEVICE);
    input.incoming.device.bytes[0] = 4;
    result = trn_merge_unit(&input);
    CHECK(!result.incoming_wins && result.audit && result.rule == TRN_RULE_DEVICE);
}

TEST(a_tx_s_own_later_word_wins_and_sets_nothing_aside)
{
    struct trn_merge_unit_input input = meeting(TRN_RANK_1_RECORDED, TRN_RANK_1_RECORDED, 0);
    struct trn_merge_unit_result result;

    input.same_tx = true;
    result = trn_merge_unit(&input);
    CHECK(result.incoming_wins && !result.audit);
}

/* What was left of it came first, and carried what others had written. */
TEST(a_tx_that_meets_what_was_left_of_it_wins_and_sets_that_aside)
{
    for (int rank = 0; rank < 2; rank++) {
        struct trn_merge_unit_input input = meeting((enum trn_rank)rank, TRN_RANK_1_RECORDED, 0);
        struct trn_merge_unit_result result = trn_merge_unit(&input);

        CHECK(result.incoming_wins && result.audit && result.rule == TRN_RULE_OWN);
        input.same_values = true;
        result = trn_merge_unit(&input);
        CHECK(result.incoming_wins && !result.audit);
    }
}

TEST(a_tx_that_takes_its_own_guess_back_sets_nothing_aside)
{
    struct trn_merge_unit_input input = meeting(TRN_RANK_0_INFERRED, TRN_RANK_1_RECORDED, 0);
    struct trn_merge_unit_result result;

    input.current.rank = TRN_RANK_0_INFERRED;
    input.incoming.rank = TRN_RANK_1_RECORDED;
    input.same_tx = true;
    result = trn_merge_unit(&input);
    CHECK(result.incoming_wins && !result.audit);
}

TEST(what_is_left_of_a_tx_replaces_nothing_that_the_tx_said_itself)
{
    for (int rank = 0; rank < 2; rank++) {
        struct trn_merge_unit_input input = meeting((enum trn_rank)rank, TRN_RANK_1_RECORDED, 0);
        struct trn_merge_unit_result result;

        input.yields = true;
        result = trn_merge_unit(&input);
        CHECK(!result.incoming_wins && result.audit);
        CHECK_TEXT(trn_merge_rule_name(result.rule), "OWN");
        input.same_values = true;
        result = trn_merge_unit(&input);
        CHECK(!result.incoming_wins && !result.audit);
        CHECK_TEXT(trn_merge_rule_name(result.rule), "");
        input.same_values = false;
        input.incoming.time_us++;
        result = trn_merge_unit(&input);
        CHECK(result.incoming_wins && result.audit);
    }
}

TEST(what_nothing_has_written_yields_to_any_write)
{
    struct trn_merge_unit_input input = meeting(TRN_RANK_1_RECORDED, TRN_RANK_0_INFERRED, -900);
    struct trn_merge_unit_result result;

    input.current_written = false;
    result = trn_merge_unit(&input);
    CHECK(result.incoming_wins && !result.audit);
}

TEST(rules_have_the_names_that_audits_store)
{
    CHECK_TEXT(trn_merge_rule_name(TRN_RULE_NONE), "");
    CHECK_TEXT(trn_merge_rule_name(TRN_RULE_RANK), "RANK");
    CHECK_TEXT(trn_merge_rule_name(TRN_RULE_LATER), "LATER");
    CHECK_TEXT(trn_merge_rule_name(TRN_RULE_DEVICE), "DEVICE");
    CHECK_TEXT(trn_merge_rule_name(TRN_RULE_OWN), "OWN");
}
