/* Flags of ternd: within what the protocol bounds. */
#include "server/settings.h"

#include <stdlib.h>

#include "tests/harness/harness.h"
#include "wire/limits.h"

/* What becomes of a flag with this value beside those that are needed. */
static tern_status read_with(const char *flag, const char *value, struct trn_settings *ret_settings)
{
    const char *arguments[] = {"ternd",
                               "--database=a",
                               "--schema=b",
                               "--certificate=c",
                               "--private-key=d",
                               "--token-key=e",
                               flag,
                               value,
                               NULL};
    enum trn_wanted wanted = TRN_WANTED_HELP;
    tern_error error = {0};
    tern_status status =
        trn_settings_read(8, (char **)(void *)arguments, ret_settings, &wanted, &error);

    CHECK_INT(error.status, status);
    return status;
}

/* What was set for one start would act at every later one, and what it takes out comes back by
 * none. */
TEST(nothing_is_erased_or_let_go_by_what_stands_in_the_environment)
{
    static const char *const names[] = {"TERND_ERASE", "TERND_RETAIN"};
    static const char *const flags[] = {"--erase=somebody", "--retain"};
    struct trn_settings settings;

    for (size_t i = 0; i < 2; i++) {
        CHECK(setenv(names[i], "1", 1) == 0);
        CHECK_INT(read_with("--port", "1", &settings), TERN_ERR_MISUSE);
        CHECK(unsetenv(names[i]) == 0);
        CHECK_INT(read_with(flags[i], "--port=1", &settings), TERN_OK);
        CHECK((settings.erase != NULL) == (i == 0) && settings.retain == (i == 1));
    }
}

TEST(no_answer_is_set_so_large_that_no_device_takes_it)
{
    struct trn_settings settings;

    CHECK_INT(read_with("--page-bytes", "8388608", &settings), TERN_OK);
    /* The last row of a page comes on top. */
    CHECK((size_t)settings.page_bytes + TRN_WIRE_TX_BYTES_MAX <= TRN_WIRE_BODY_BYTES_MAX);
    CHECK_INT(read_with("--page-bytes", "8388609", &settings), TERN_ERR_MISUSE);
}

TEST(no_request_is_promised_more_than_is_read)
{
    struct trn_settings settings;

    CHECK_INT(read_with("--expanded-bytes", "16777216", &settings), TERN_OK);
    CHECK((size_t)settings.expanded_bytes == TRN_WIRE_BODY_BYTES_MAX);
    CHECK_INT(read_with("--expanded-bytes", "16777217", &settings), TERN_ERR_MISUSE);
    CHECK_INT(read_with("--body-bytes", "16777216", &settings), TERN_OK);
    CHECK_INT(read_with("--body-bytes", "16777217", &settings), TERN_ERR_MISUSE);
}
