/* How much is done at once: what is usual, or fewer under a limit. */
#include "base/portion.h"

#include "tests/harness/harness.h"

TEST(portions_are_as_usual_without_a_limit)
{
    CHECK_INT(trn_portion(500), 500);
    CHECK_INT(trn_portion_bytes(1000), 1000);
}

TEST(a_limit_makes_portions_smaller_and_never_larger)
{
    trn_portion_limit(3);
    CHECK_INT(trn_portion(500), 3);
    CHECK_INT(trn_portion(2), 2);
    CHECK_INT(trn_portion_bytes(1000), 150);
    CHECK_INT(trn_portion_bytes(100), 100);
    trn_portion_limit(0);
    CHECK_INT(trn_portion(500), 500);
}
