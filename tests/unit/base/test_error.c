/* Errors: the first cause wins, context goes in front, and codes are one to one. */
#include "base/error.h"

#include <string.h>

#include "base/text.h"
#include "tests/harness/harness.h"

TEST(the_first_cause_wins_and_callers_put_the_place_in_front)
{
    tern_error error = {0};

    CHECK_INT(trn_fail(&error, TERN_ERR_RANGE, "column %s: above %d", "dosage", 7), TERN_ERR_RANGE);
    CHECK_INT(trn_fail(&error, TERN_ERR_IO, "later"), TERN_ERR_IO);
    trn_error_context(&error, "table %s", "dose_events");
    CHECK_INT(error.status, TERN_ERR_RANGE);
    CHECK_TEXT(error.message, "table dose_events: column dosage: above 7");
}

TEST(no_error_wanted_is_no_error_written)
{
    tern_error error = {0};

    CHECK_INT(trn_fail(NULL, TERN_ERR_IO, "nobody listens"), TERN_ERR_IO);
    CHECK_INT(trn_fail_nomem(NULL), TERN_ERR_NOMEM);
    trn_error_context(NULL, "nobody listens");
    trn_error_clear(NULL);
    trn_error_context(&error, "no cause");
    CHECK_TEXT(error.message, "");
}

TEST(a_cleared_error_takes_the_next_cause)
{
    tern_error error = {0};

    CHECK_INT(trn_fail_nomem(&error), TERN_ERR_NOMEM);
    trn_error_clear(&error);
    CHECK_INT(error.status, TERN_OK);
    CHECK_TEXT(error.message, "");
    CHECK_INT(trn_fail(&error, TERN_ERR_BUSY, "again"), TERN_ERR_BUSY);
    CHECK_TEXT(error.message, "again");
}

TEST(a_long_message_is_cut_at_a_whole_character)
{
    char khmer[TERN_ERROR_MESSAGE_BYTES * 2] = "";
    tern_error error = {0};

    for (size_t i = 0; i < 200; i++) {
        strcat(khmer, "\xE1\x9E\x90");
    }
    for (size_t lead = 0; lead < 3; lead++) {
        trn_error_clear(&error);
        CHECK_INT(trn_fail(&error, TERN_ERR_SQL, "%.*s%s", (int)lead, "xx", khmer), TERN_ERR_SQL);
        CHECK(trn_utf8_is_valid(trn_slice_text(error.message)));
        CHECK(strlen(error.message) > TERN_ERROR_MESSAGE_BYTES - 4);
        trn_error_context(&error, "%.*s", (int)lead + 1, "yyy");
        CHECK(trn_utf8_is_valid(trn_slice_text(error.message)));
        trn_error_context(&error, "%s", khmer);
        CHECK(trn_utf8_is_valid(trn_slice_text(error.message)));
    }
}

TEST(every_status_has_a_code_of_its_own_that_leads_back)
{
    unsigned named = 0;

    for (int number = 0; number < 200; number++) {
        const char *code = tern_status_code((tern_status)number);

        if (strcmp(code, "UNKNOWN") != 0) {
            named++;
            CHECK_INT(tern_status_from_code(code), number);
        }
    }
    CHECK(named >= 50);
    CHECK_TEXT(tern_status_code(TERN_ERR_FOREIGN_KEY), "FOREIGN_KEY");
    CHECK_TEXT(tern_status_code(TERN_OK), "OK");
    CHECK_INT(tern_status_from_code("NO_SUCH_CODE"), TERN_ERR_PROTOCOL);
    CHECK_INT(tern_status_from_code(NULL), TERN_ERR_PROTOCOL);
}

TEST(only_what_time_can_mend_is_retried)
{
    CHECK(tern_status_is_retryable(TERN_ERR_NETWORK));
    CHECK(tern_status_is_retryable(TERN_ERR_TIMEOUT));
    CHECK(tern_status_is_retryable(TERN_ERR_UNAVAILABLE));
    CHECK(!tern_status_is_retryable(TERN_OK));
    CHECK(!tern_status_is_retryable(TERN_ERR_TLS_PIN));
    CHECK(!tern_status_is_retryable(TERN_ERR_UNAUTHORIZED));
    CHECK(!tern_status_is_retryable(TERN_ERR_PROTOCOL));
}
