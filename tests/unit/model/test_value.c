/* Values of the public interface: what is put in comes out, and equality is exact. */
#include "tern/value.h"

#include <math.h>
#include <string.h>

#include "model/change.h"
#include "tests/harness/harness.h"
#include "tests/unit/model/tables.h"

static bool equal(tern_value a, tern_value b)
{
    bool forth = trn_value_equal(&a, &b);

    CHECK(trn_value_equal(&b, &a) == forth);
    return forth;
}

TEST(a_value_holds_what_it_was_made_of)
{
    static const tern_id id = {{1, 2, 3}};
    tern_value text = tern_value_text("ថ្នាំ");

    CHECK_INT(tern_value_null().kind, TERN_NULL);
    CHECK_INT(tern_value_integer(INT64_MIN).integer, INT64_MIN);
    CHECK(tern_value_real(0.1).kind == TERN_REAL && tern_value_real(0.1).real == 0.1);
    CHECK(text.kind == TERN_TEXT && text.size == strlen("ថ្នាំ"));
    CHECK_INT(tern_value_text(NULL).kind, TERN_NULL);
    CHECK(tern_value_id(&id).kind == TERN_BLOB && tern_value_id(&id).size == 16);
    CHECK(tern_value_id(&id).data == id.bytes);
}

TEST(values_are_equal_by_kind_and_content)
{
    CHECK(equal(tern_value_null(), tern_value_null()));
    CHECK(!equal(tern_value_null(), tern_value_text("")));
    CHECK(!equal(tern_value_null(), tern_value_integer(0)));
    CHECK(equal(tern_value_integer(7), tern_value_integer(7)));
    CHECK(!equal(tern_value_integer(7), tern_value_integer(-7)));
    CHECK(!equal(tern_value_integer(7), tern_value_real(7)));
    CHECK(equal(tern_value_real(0.5), tern_value_real(0.5)));
    CHECK(equal(tern_value_real(0.0), tern_value_real(-0.0)));
    CHECK(!equal(tern_value_real(NAN), tern_value_real(1)));
    CHECK(equal(tern_value_real(NAN), tern_value_real(NAN)));
    CHECK(equal(tern_value_text("a"), tern_value_text("a")));
    CHECK(!equal(tern_value_text("a"), tern_value_text("A")));
    CHECK(!equal(tern_value_text("a"), tern_value_text("ab")));
    CHECK(!equal(tern_value_text("a"), tern_value_blob("a", 1)));
    CHECK(equal(tern_value_blob(NULL, 0), tern_value_blob("x", 0)));
    CHECK(!equal(tern_value_blob("a\0b", 3), tern_value_blob("a\0c", 3)));
}

TEST(a_unit_is_equal_when_all_its_columns_are_and_others_do_not_count)
{
    const struct trn_table *doses = &tables_schema()->tables[TABLES_DOSES];
    tern_value a[TRN_COLUMNS_MAX] = {0};
    tern_value b[TRN_COLUMNS_MAX] = {0};

    a[DOSE_STATUS] = b[DOSE_STATUS] = tern_value_text("DUE");
    b[DOSE_SLOT] = tern_value_text("NIGHT");
    CHECK(trn_unit_equal(doses, DOSE_UNIT_OUTCOME, a, b));
    CHECK(!trn_unit_equal(doses, DOSE_UNIT_SCHEDULE, a, b));
    CHECK(trn_unit_equal(doses, DOSE_UNIT_EXISTENCE, a, b));
    b[DOSE_SKIP_REASON] = tern_value_text("");
    CHECK(!trn_unit_equal(doses, DOSE_UNIT_OUTCOME, a, b));
}

TEST(an_id_is_read_in_either_case_and_written_in_lower)
{
    char text[TERN_ID_TEXT_BYTES];
    tern_id id = {{9}};

    CHECK(tern_id_parse("0191E0F0-aaaa-7bbb-8ccc-00112233445F", &id));
    tern_id_format(&id, text);
    CHECK_TEXT(text, "0191e0f0-aaaa-7bbb-8ccc-00112233445f");
    CHECK(!tern_id_parse("0191e0f0-aaaa-7bbb-8ccc-00112233445", &id));
    CHECK(!tern_id_parse(NULL, &id));
    CHECK_INT(id.bytes[0], 0x01);
}
