/* JSON: read whole or not at all, wherever memory runs out. */
#include "base/json.h"

#include <string.h>

#include "tests/harness/harness.h"

enum { LONGEST = 140 };

/* An object whose only text is `size` escaped signs long: `["a":"\n\n..."]`. */
static void write_text(char *text, size_t size)
{
    strcpy(text, "{\"a\":\"x");
    for (size_t i = 0; i < size; i++) {
        strcat(text, i % 3 == 2 ? "y" : i % 3 == 1 ? "\\\"" : "\\n");
    }
    strcat(text, "\"}");
}

TEST(where_memory_runs_out_a_text_is_read_whole_or_not_at_all)
{
    for (size_t size = 0; size < LONGEST; size++) {
        json_error_t reason;
        json_t *whole = NULL;
        char text[3 * LONGEST];

        write_text(text, size);
        CHECK(trn_json_load(trn_slice_text(text), 0, &whole, &reason) == TERN_OK);
        CHECK(json_string_length(json_object_get(whole, "a")) == size + 1);
        FOR_EACH_ALLOC_FAILURE (nth) {
            json_t *json = NULL;
            tern_status status = trn_json_load(trn_slice_text(text), 0, &json, &reason);

            CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
            CHECK(status == TERN_OK ? json_equal(json, whole) : json == NULL);
            json_decref(json);
        }
        json_decref(whole);
    }
}

TEST(what_is_no_json_is_refused_where_it_is_wrong)
{
    json_error_t reason;
    json_t *json = NULL;

    CHECK(trn_json_load(trn_slice_text("{\n \"a\": ?}"), 0, &json, &reason) == TERN_ERR_FORMAT);
    CHECK(reason.line == 2);
    CHECK(trn_json_load(trn_slice_text(""), 0, &json, &reason) == TERN_ERR_FORMAT);
    CHECK(trn_json_load(trn_slice_text("1, 2"), 0, &json, &reason) == TERN_ERR_FORMAT);
    CHECK(reason.line == 0);
    CHECK(trn_json_load(trn_slice_text("1],[2"), 0, &json, &reason) == TERN_ERR_FORMAT);
    CHECK(json == NULL);
}

TEST(any_kind_of_value_is_read)
{
    static const char *const texts[] = {"null", "true", "12", "-1.5e3", "\"\"", "[]", " {} "};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_error_t reason;
        json_t *json = NULL;

        CHECK(trn_json_load(trn_slice_text(texts[i]), 0, &json, &reason) == TERN_OK);
        CHECK(json != NULL);
        json_decref(json);
    }
}

TEST(what_cannot_be_represented_keeps_its_members_and_what_stands_beside_it)
{
    static const char *const any[] = {"{\"a\":99999999999999999999999,\"b\":[7]}",
                                      "{\"a\":-1e999,\"b\":[7]}",
                                      "{\"a\":\"\\ud800\",\"b\":[7]}",
                                      "{\"a\":\"\\u0000\",\"b\":[7]}",
                                      "{\"a\":{\"\\uDEAD\":1E+999},\"b\":[7]}"};
    static const char *const none[] = {"{\"a\":99999999999999999999999,\"b\":[7}",
                                       "{\"a\":01}",
                                       "{\"a\":\"\\ud80\"}",
                                       "1e999 2",
                                       ""};
    json_error_t reason;

    for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
        json_t *json = NULL;

        CHECK(trn_json_load_any(trn_slice_text(any[i]), &json, &reason) == TERN_OK);
        CHECK(json_object_get(json, "a") != NULL);
        CHECK_INT(json_integer_value(json_array_get(json_object_get(json, "b"), 0)), 7);
        json_decref(json);
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        json_t *json = NULL;

        CHECK(trn_json_load_any(trn_slice_text(none[i]), &json, &reason) == TERN_ERR_FORMAT);
        CHECK(json == NULL);
    }
}
