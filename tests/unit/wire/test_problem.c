/* Problem documents: what the server says went wrong is what the device hears. */
#include "wire/problem.h"

#include <string.h>

#include "tests/harness/harness.h"
#include "wire/limits.h"

static const struct trn_verdict verdicts[] = {
    {.index = 0, .kind = TRN_VERDICT_APPLIED, .number = 42, .stored_us = 1000},
    {.index = 1,
     .kind = TRN_VERDICT_REJECTED,
     .code = TERN_ERR_UNIQUE,
     .change = 2,
     .sentence = {(const uint8_t *)"taken", 5}},
    {.index = 2, .kind = TRN_VERDICT_RETRY}};

static tern_status write_problem(struct trn_bytes *bytes)
{
    struct trn_problem problem = {.http_status = 426,
                                  .code = TERN_ERR_UPGRADE_REQUIRED,
                                  .detail = trn_slice_text("version 1 is no longer served"),
                                  .verdicts = verdicts,
                                  .verdict_count = 3,
                                  .cursor = trn_slice_text("opaque")};

    return trn_problem_write(&problem, bytes, NULL);
}

TEST(a_problem_is_spelled_as_the_contract_says)
{
    struct trn_bytes bytes = {0};

    CHECK_INT(write_problem(&bytes), TERN_OK);
    CHECK_TEXT(trn_bytes_text(&bytes),
               "{\"type\":\"urn:tern:problem:UPGRADE_REQUIRED\",\"title\":\"Upgrade Required\","
               "\"status\":426,\"code\":\"UPGRADE_REQUIRED\","
               "\"detail\":\"version 1 is no longer served\","
               "\"verdicts\":[[0,\"applied\",42,1000],[1,\"rejected\",\"UNIQUE\",2,\"taken\"],"
               "[2,\"retry\"]],\"cursor\":\"opaque\"}");
    trn_bytes_free(&bytes);
}

TEST(a_problem_is_read_as_it_was_written)
{
    struct trn_bytes bytes = {0};
    struct trn_problem_document document = {0};

    CHECK_INT(write_problem(&bytes), TERN_OK);
    CHECK_INT(trn_problem_read(trn_bytes_slice(&bytes), &document, NULL), TERN_OK);
    CHECK_INT(document.problem.http_status, 426);
    CHECK_INT(document.problem.code, TERN_ERR_UPGRADE_REQUIRED);
    CHECK(trn_slice_equal_text(document.problem.detail, "version 1 is no longer served"));
    CHECK_INT(document.problem.verdict_count, 3);
    CHECK(document.problem.verdicts[0].number == 42 &&
          document.problem.verdicts[0].stored_us == 1000);
    CHECK(document.problem.verdicts[1].code == TERN_ERR_UNIQUE &&
          document.problem.verdicts[1].change == 2);
    CHECK(trn_slice_equal_text(document.problem.verdicts[1].sentence, "taken"));
    CHECK_INT(document.problem.verdicts[2].kind, TRN_VERDICT_RETRY);
    CHECK(trn_slice_equal_text(document.problem.cursor, "opaque"));
    trn_problem_free(&document);
    trn_bytes_free(&bytes);
}

/* What an outdated device pushed is answered by one document, whatever became of it. */
TEST(a_problem_holds_the_verdicts_of_as_many_transactions_as_a_request_may_have)
{
    static struct trn_verdict many[TRN_WIRE_TXS_MAX];
    static char sentence[256];
    struct trn_problem problem = {.http_status = 426,
                                  .code = TERN_ERR_UPGRADE_REQUIRED,
                                  .verdicts = many,
                                  .verdict_count = TRN_WIRE_TXS_MAX};
    struct trn_problem_document document = {0};
    struct trn_bytes bytes = {0};

    memset(sentence, 'x', sizeof(sentence) - 1);
    for (size_t i = 0; i < TRN_WIRE_TXS_MAX; i++) {
        many[i] = (struct trn_verdict){.index = i,
                                       .kind = TRN_VERDICT_REJECTED,
                                       .code = TERN_ERR_DEPENDENCY_REJECTED,
                                       .change = -1,
                                       .sentence = trn_slice_text(sentence)};
    }
    CHECK_INT(trn_problem_write(&problem, &bytes, NULL), TERN_OK);
    CHECK_INT(trn_problem_read(trn_bytes_slice(&bytes), &document, NULL), TERN_OK);
    CHECK_INT(document.problem.verdict_count, TRN_WIRE_TXS_MAX);
    trn_problem_free(&document);
    trn_bytes_free(&bytes);
}

static tern_status status_of(const char *text)
{
    struct trn_problem_document document = {.problem = {.http_status = 4711}};
    tern_status status = trn_problem_read(trn_slice_text(text), &document, NULL);

    CHECK((status == TERN_OK) != (document.problem.http_status == 4711));
    if (status == TERN_OK) {
        trn_problem_free(&document);
    }
    return status;
}

TEST(what_is_no_problem_document_is_refused)
{
    CHECK_INT(status_of("{\"code\":\"CURSOR\"}"), TERN_OK);
    CHECK_INT(status_of("{\"code\":\"CURSOR\",\"verdicts\":[]}"), TERN_OK);
    CHECK_INT(status_of(""), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("<html>"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("[]"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("{}"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("{\"code\":7}"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("{\"code\":\"CURSOR\",\"verdicts\":[[1,\"retry\"]]}"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("{\"code\":\"CURSOR\",\"verdicts\":[[0,\"perhaps\"]]}"), TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("{\"code\":\"CURSOR\",\"verdicts\":[[0,\"applied\",0,1]]}"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("{\"code\":\"CURSOR\",\"verdicts\":[[0,\"rejected\",\"TYPE\"]]}"),
              TERN_ERR_PROTOCOL);
    CHECK_INT(status_of("{\"code\":\"\xFF\"}"), TERN_ERR_NOT_UTF8);
    CHECK_INT(status_of("{\"code\":[[[[[[[[[[[[["), TERN_ERR_TOO_DEEP);
}

TEST(a_code_that_is_not_known_is_a_protocol_error_within_a_problem)
{
    struct trn_problem_document document = {0};

    CHECK_INT(trn_problem_read(trn_slice_text("{\"code\":\"NEWER\"}"), &document, NULL), TERN_OK);
    CHECK_INT(document.problem.code, TERN_ERR_PROTOCOL);
    trn_problem_free(&document);
}

TEST(each_code_of_the_contract_has_its_status)
{
    CHECK_INT(trn_problem_http_status(TERN_ERR_PROTOCOL), 400);
    CHECK_INT(trn_problem_http_status(TERN_ERR_CURSOR), 400);
    CHECK_INT(trn_problem_http_status(TERN_ERR_UNAUTHORIZED), 401);
    CHECK_INT(trn_problem_http_status(TERN_ERR_WRONG_USER), 403);
    CHECK_INT(trn_problem_http_status(TERN_ERR_FORBIDDEN), 403);
    CHECK_INT(trn_problem_http_status(TERN_ERR_EPOCH_CHANGED), 409);
    CHECK_INT(trn_problem_http_status(TERN_ERR_DEVICE_CLONED), 409);
    CHECK_INT(trn_problem_http_status(TERN_ERR_TOO_LARGE), 413);
    CHECK_INT(trn_problem_http_status(TERN_ERR_UPGRADE_REQUIRED), 426);
    CHECK_INT(trn_problem_http_status(TERN_ERR_UNAVAILABLE), 503);
    CHECK_INT(trn_problem_http_status(TERN_ERR_INTERNAL), 500);
}

TEST(when_memory_runs_out_a_problem_is_whole_or_absent)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bytes bytes = {0};
        struct trn_problem_document document = {0};
        tern_status status = write_problem(&bytes);

        CHECK(status == TERN_OK || bytes.size == 0);
        if (status == TERN_OK) {
            status = trn_problem_read(trn_bytes_slice(&bytes), &document, NULL);
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        trn_problem_free(&document);
        trn_bytes_free(&bytes);
    }
}
