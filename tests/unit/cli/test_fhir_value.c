/* FHIR's small types at their edges. */
#include "cli/fhir_value.h"

#include <string.h>

#include "base/uuid.h"
#include "tests/harness/harness.h"

TEST(times_are_read_to_the_microsecond_in_their_zone)
{
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59Z", -1000000},
        {"2000-02-29T12:00:00+00:00", 951825600000000},
        {"2026-03-02T06:30:00.5+07:00", 1772407800500000},
        {"2026-03-01T23:30:00.123456789Z", 1772407800123456},
        {"2026-03-01T18:30:00-05:00", 1772407800000000},
        {"2016-12-31T23:59:60Z", 1483228799000000},
        {"2026-03-02", 1772409600000000},
        {"0001-01-01", -62135596800000000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t us = -7;

        CHECK(trn_fhir_time(cases[i].text, &us));
        CHECK(us == cases[i].us);
    }
}

TEST(what_is_no_whole_time_is_refused)
{
    static const char *const cases[] = {
        "",
        "2026",
        "2026-03",
        "2026-13-01",
        "2026-02-29",
        "1900-02-29",
        "2026-00-10",
        "2026-01-00",
        "2026-01-01T",
        "2026-01-01T10",
        "2026-01-01T10:00:00",
        "2026-01-01T24:00:00Z",
        "2026-01-01T10:60:00Z",
        "2026-01-01T10:00:00+7:00",
        "2026-01-01T10:00:00+15:00",
        "2026-01-01 10:00:00Z",
        "2026-01-01x",
        "20a6-01-01",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t us = -7;

        if (trn_fhir_time(cases[i], &us)) {
            fail_msg("taken: %s", cases[i]);
        }
        CHECK(us == -7);
    }
    CHECK(!trn_fhir_time(NULL, NULL));
}

TEST(a_uuid_stays_itself_and_any_other_id_is_derived_by_type)
{
    tern_id first = {{0}};
    tern_id second = {{0}};
    char text[TRN_ID_TEXT_SIZE + 1];

    CHECK(trn_fhir_id("Patient", "E4531916-b162-4f4b-90c2-ce37e132b8d4", &first));
    trn_id_format(&first, text);
    CHECK_TEXT(text, "e4531916-b162-4f4b-90c2-ce37e132b8d4");
    CHECK(trn_fhir_id("Patient", "7", &first) && trn_fhir_id("Patient", "7", &second));
    CHECK(trn_id_equal(&first, &second));
    CHECK_INT(first.bytes[6] >> 4, 5);
    CHECK(trn_fhir_id("Medication", "7", &second));
    CHECK(!trn_id_equal(&first, &second));
    CHECK(!trn_fhir_id("Patient", "", &first) && !trn_fhir_id("Patient", NULL, &first));
    CHECK(!trn_fhir_id("Patient", "a/b", &first));
}

static bool tail_is(const char *reference, const char *expected)
{
    struct trn_slice tail = trn_fhir_reference_tail(reference, "Patient");

    return trn_slice_equal_text(tail, expected);
}

TEST(references_lead_to_their_type_whatever_server_and_version)
{
    CHECK(tail_is("Patient/7", "Patient/7"));
    CHECK(tail_is("https://host/fhir/Patient/7", "Patient/7"));
    CHECK(tail_is("https://host/Patient/fhir/Patient/7/_history/2", "Patient/7"));
    CHECK(tail_is("Group/7", ""));
    CHECK(tail_is("InPatient/7", ""));
    CHECK(tail_is("urn:uuid:e4531916-b162-4f4b-90c2-ce37e132b8d4", ""));
}
