/* The allocator: NULL means that memory ran out and nothing else. */
#include "base/memory.h"

#include <stdint.h>
#include <string.h>

#include "tests/harness/harness.h"

TEST(nothing_is_still_a_block_that_can_be_freed)
{
    void *one = trn_alloc(0);
    void *two = trn_calloc(0, 8);
    void *three = trn_realloc(NULL, 0);

    CHECK(one != NULL && two != NULL && three != NULL);
    trn_free(one);
    trn_free(two);
    trn_free(three);
    trn_free(NULL);
}

TEST(a_count_that_overflows_is_out_of_memory)
{
    volatile size_t huge = SIZE_MAX / 2;

    CHECK(trn_calloc(huge, 4) == NULL);
}

TEST(a_failed_resize_leaves_the_old_block)
{
    unsigned failures = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        char *block;
        char *bigger;

        harness_fault_suspend();
        block = trn_alloc(4);
        harness_fault_resume();
        CHECK(block != NULL);
        memcpy(block, "old", 4);
        bigger = trn_realloc(block, 4096);
        if (bigger != NULL) {
            block = bigger;
        } else {
            failures++;
        }
        CHECK_TEXT(block, "old");
        trn_free(block);
    }
    CHECK_INT(failures, 1);
}

TEST(the_fault_loop_visits_each_allocation_once)
{
    unsigned rounds = 0;
    unsigned failures = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        void *first = trn_alloc(8);
        void *second = trn_calloc(1, 8);
        void *third = trn_realloc(NULL, 8);

        rounds++;
        failures += (unsigned)(!first + !second + !third);
        trn_free(first);
        trn_free(second);
        trn_free(third);
    }
    CHECK_INT(rounds, 4);
    CHECK_INT(failures, 3);
}
