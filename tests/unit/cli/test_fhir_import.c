/* Whole files through the import: what becomes which row, and what is counted. */
#include "tests/unit/cli/fixture.h"

#include <stdio.h>
#include <string.h>

#include "cli/fhir_map.h"
#include "tests/harness/harness.h"

#define PATIENT_ID "11111111-1111-4111-8111-111111111111"
#define REQUEST_ID "22222222-2222-4222-8222-222222222222"
#define SUBJECT "\"subject\":{\"reference\":\"Patient/" PATIENT_ID "\"}"
#define MEDICINE "\"medicationCodeableConcept\":{\"text\":\"Amlodipine 5 mg\"}"
#define REQUEST                                                                                    \
    "{\"resourceType\":\"MedicationRequest\",\"id\":\"" REQUEST_ID                                 \
    "\",\"status\":\"active\"," SUBJECT "," MEDICINE

static const char khmer_patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"" PATIENT_ID "\","
    "\"name\":[{\"use\":\"old\",\"text\":\"former\"},{\"use\":\"official\","
    "\"family\":\"\u17a2\u17d2\u1793\u1780\u1787\u17c6\u1784\u17ba\","
    "\"given\":[\"\u1791\u17b8\u1798\u17bd\u1799\",\"\xF0\x9F\x92\x8A\"]}],"
    "\"telecom\":[{\"system\":\"fax\",\"value\":\"1\"},{\"system\":\"phone\",\"value\":\"012 "
    "000 001\"}],"
    "\"gender\":\"female\",\"birthDate\":\"1960-03-01\","
    "\"communication\":[{\"language\":{\"coding\":[{\"code\":\"fr\"}]}},"
    "{\"language\":{\"coding\":[{\"code\":\"km-KH\"}]},\"preferred\":true}],"
    "\"maritalStatus\":{\"text\":\"secret\"}}\n";

TEST(a_patient_becomes_a_user_and_khmer_survives_byte_for_byte)
{
    struct imported imported;
    const json_t *user;

    import_text(&imported, khmer_patient);
    CHECK(imported.status == TERN_OK);
    user = imported_row(&imported, "users", PATIENT_ID);
    CHECK_TEXT(cell_text(user, "role"), "PATIENT");
    CHECK_TEXT(cell_text(user, "last_name"), "\u17a2\u17d2\u1793\u1780\u1787\u17c6\u1784\u17ba");
    CHECK_TEXT(cell_text(user, "first_name"), "\u1791\u17b8\u1798\u17bd\u1799 \xF0\x9F\x92\x8A");
    CHECK_TEXT(cell_text(user, "full_name"),
               "\u17a2\u17d2\u1793\u1780\u1787\u17c6\u1784\u17ba "
               "\u1791\u17b8\u1798\u17bd\u1799 \xF0\x9F\x92\x8A");
    CHECK_TEXT(cell_text(user, "phone_number"), "012 000 001");
    CHECK_TEXT(cell_text(user, "gender"), "FEMALE");
    CHECK_TEXT(cell_text(user, "date_of_birth"), "1960-03-01");
    CHECK_TEXT(cell_text(user, "language"), "KHMER");
    imported_close(&imported);
}

TEST(what_a_patient_has_beyond_is_counted_by_its_path)
{
    struct imported imported;
    json_t *report;
    char *text;

    import_text(&imported, khmer_patient);
    CHECK_INT(imported_unmapped(&imported, "Patient.maritalStatus"), 1);
    CHECK_INT(imported_unmapped(&imported, "Patient.telecom"), 1);
    CHECK_INT(imported_unmapped(&imported, "Patient.name (further names)"), 1);
    report = trn_fhir_report_json(&imported.report);
    text = json_dumps(report, 0);
    CHECK(strstr(text, "secret") == NULL && strstr(text, "000") == NULL);
    free(text);
    json_decref(report);
    imported_close(&imported);
}

TEST(a_request_becomes_a_prescription_with_one_medication)
{
    struct imported imported;
    const json_t *prescription;
    const json_t *medication;
    char text[4096];

    (void)snprintf(text,
                   sizeof(text),
                   "%s%s,\"authoredOn\":\"2026-03-02T06:30:00.5+07:00\","
                   "\"reasonCode\":[{\"text\":\"one\"},{\"coding\":[{\"display\":\"two\"}]}],"
                   "\"dosageInstruction\":[{\"timing\":{\"repeat\":{\"frequency\":2,\"period\":1,"
                   "\"periodUnit\":\"d\"}},\"doseAndRate\":[{\"doseQuantity\":{\"value\":0.5,"
                   "\"unit\":\"tablet\"}}]}]}",
                   khmer_patient,
                   REQUEST);
    import_text(&imported, text);
    CHECK(imported.status == TERN_OK);
    prescription = imported_row(&imported, "prescriptions", REQUEST_ID);
    CHECK_TEXT(cell_text(prescription, "patient_id"), PATIENT_ID);
    CHECK_TEXT(cell_text(prescription, "patient_gender"), "FEMALE");
    CHECK(strncmp(cell_text(prescription, "patient_name"), "\u17a2", 3) == 0);
    CHECK_INT(json_integer_value(json_object_get(prescription, "patient_age")), 66);
    CHECK_TEXT(cell_text(prescription, "diagnosis"), "one; two");
    CHECK_TEXT(cell_text(prescription, "start_date"), "2026-03-02");
    CHECK_TEXT(cell_text(prescription, "status"), "ACTIVE");
    CHECK_INT(json_integer_value(json_object_get(prescription, "created_at")), 1772407800500000);

    medication = imported_only(&imported, "medications");
    CHECK_TEXT(cell_text(medication, "prescription_id"), REQUEST_ID);
    CHECK_TEXT(cell_text(medication, "medicine_name"), "Amlodipine 5 mg");
    CHECK_TEXT(cell_text(medication, "morning_dosage"),
               "{\"amount\":0.5,\"before_meal\":false,\"unit\":\"tablet\"}");
    CHECK_TEXT(cell_text(medication, "daytime_dosage"), "");
    CHECK_TEXT(cell_text(medication, "night_dosage"),
               "{\"amount\":0.5,\"before_meal\":false,\"unit\":\"tablet\"}");
    CHECK_TEXT(cell_text(medication, "frequency"), "twice a day");
    CHECK_INT(json_integer_value(json_object_get(medication, "is_prn")), 0);
    CHECK_INT(json_integer_value(json_object_get(medication, "row_number")), 1);
    CHECK_INT(json_array_size(imported.txs), 1);
    imported_close(&imported);
}

TEST(age_is_that_of_the_day_of_the_prescription)
{
    struct imported imported;
    char text[4096];

    (void)
        snprintf(text, sizeof(text), "%s%s,\"authoredOn\":\"2026-02-28\"}", khmer_patient, REQUEST);
    import_text(&imported, text);
    CHECK_INT(json_integer_value(
                  json_object_get(imported_only(&imported, "prescriptions"), "patient_age")),
              65);
    imported_close(&imported);
}

TEST(an_age_that_nobody_reaches_is_left_out_and_counted)
{
    struct imported imported;
    char text[4096];

    (void)snprintf(text,
                   sizeof(text),
                   "{\"resourceType\":\"Patient\",\"id\":\"" PATIENT_ID
                   "\",\"birthDate\":\"0960-03-01\"}\n%s,\"authoredOn\":\"2026-02-28\"}",
                   REQUEST);
    import_text(&imported, text);
    CHECK(imported.status == TERN_OK);
    CHECK(json_object_get(imported_only(&imported, "prescriptions"), "patient_age") == NULL);
    CHECK_INT(imported_unmapped(&imported, "Patient.birthDate (no age)"), 1);
    imported_close(&imported);
}

TEST(every_status_has_its_place)
{
    static const char *const cases[][2] = {
        {"active", "ACTIVE"},
        {"on-hold", "PAUSED"},
        {"draft", "DRAFT"},
        {"stopped", "INACTIVE"},
        {"completed", "INACTIVE"},
        {"cancelled", "INACTIVE"},
        {"entered-in-error", "INACTIVE"},
        {"unknown", "INACTIVE"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct imported imported;
        char text[1024];

        (void)snprintf(text,
                       sizeof(text),
                       "{\"resourceType\":\"MedicationRequest\",\"id\":\"" REQUEST_ID
                       "\",\"status\":\"%s\"," SUBJECT "," MEDICINE "}",
                       cases[i][0]);
        import_text(&imported, text);
        CHECK_TEXT(cell_text(imported_only(&imported, "prescriptions"), "status"), cases[i][1]);
        imported_close(&imported);
    }
}

TEST(a_plan_is_no_active_prescription)
{
    struct imported imported;

    import_text(&imported, REQUEST ",\"intent\":\"plan\"}");
    CHECK_TEXT(cell_text(imported_only(&imported, "prescriptions"), "status"), "DRAFT");
    imported_close(&imported);
    import_text(&imported, REQUEST ",\"intent\":\"order\"}");
    CHECK_TEXT(cell_text(imported_only(&imported, "prescriptions"), "status"), "ACTIVE");
    imported_close(&imported);
}

TEST(a_missing_patient_becomes_a_user_with_an_id_alone)
{
    struct imported imported;
    const json_t *user;

    import_text(&imported, REQUEST "}");
    CHECK(imported.status == TERN_OK);
    user = imported_row(&imported, "users", PATIENT_ID);
    CHECK_INT(json_object_size(user), 1);
    CHECK_TEXT(cell_text(user, "role"), "PATIENT");
    CHECK_TEXT(cell_text(imported_only(&imported, "prescriptions"), "patient_name"),
               "(no name given)");
    imported_close(&imported);
}

TEST(a_patient_in_a_later_file_is_taken_before_the_requests)
{
    const char *paths[3] = {NULL};
    struct imported imported;

    paths[0] = fixture_file("requests.ndjson", REQUEST "}\n");
    paths[1] = fixture_file("patients.ndjson", khmer_patient);
    import_files(&imported, paths);
    CHECK(imported.status == TERN_OK);
    CHECK_TEXT(cell_text(imported_only(&imported, "users"), "gender"), "FEMALE");
    CHECK_TEXT(cell_text(imported_only(&imported, "prescriptions"), "patient_gender"), "FEMALE");
    imported_close(&imported);
}

TEST(references_of_a_bundle_lead_by_full_url_and_to_contained_medications)
{
    struct imported imported;
    const json_t *medications;
    const char *name;
    json_t *row;
    unsigned seen = 0;

    import_text(
        &imported,
        "{\n\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n"
        "{\"fullUrl\":\"urn:uuid:33333333-3333-4333-8333-333333333333\",\"resource\":"
        "{\"resourceType\":\"Patient\",\"id\":\"chart-7\",\"name\":[{\"text\":\"the "
        "patient\"}]}},\n"
        "{\"fullUrl\":\"https://example.org/fhir/Medication/m1\",\"resource\":"
        "{\"resourceType\":\"Medication\",\"id\":\"m1\",\"code\":{\"coding\":[{\"display\":"
        "\"Metformin\"}]}}},\n"
        "{\"resource\":{\"resourceType\":\"MedicationRequest\",\"id\":\"r1\",\"status\":"
        "\"active\",\"subject\":{\"reference\":\"urn:uuid:33333333-3333-4333-8333-"
        "333333333333\"},\"medicationReference\":{\"reference\":\"Medication/m1\"}}},\n"
        "{\"resource\":{\"resourceType\":\"MedicationRequest\",\"id\":\"r2\",\"status\":"
        "\"active\",\"subject\":{\"reference\":\"https://example.org/fhir/Patient/chart-7/"
        "_history/2\"},\"contained\":[{\"resourceType\":\"Medication\",\"id\":\"c\",\"code\":"
        "{\"text\":\"Aspirin\"}}],\"medicationReference\":{\"reference\":\"#c\"}}},\n"
        "{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"o\"}}]}");
    CHECK(imported.status == TERN_OK);
    CHECK_TEXT(cell_text(imported_only(&imported, "users"), "full_name"), "the patient");
    medications = json_object_get(imported.tables, "medications");
    CHECK_INT(json_object_size(medications), 2);
    json_object_foreach(json_object_get(imported.tables, "medications"), name, row)
    {
        seen |= strcmp(cell_text(row, "medicine_name"), "Metformin") == 0 ? 1U : 0;
        seen |= strcmp(cell_text(row, "medicine_name"), "Aspirin") == 0 ? 2U : 0;
    }
    CHECK_INT(seen, 3);
    CHECK_INT(imported_unmapped(&imported, "Observation"), 1);
    imported_close(&imported);
}

TEST(importing_again_yields_the_same_ids)
{
    static const char text[] =
        "{\"resourceType\":\"MedicationRequest\",\"id\":\"not-a-uuid\",\"status\":\"active\","
        "\"subject\":{\"reference\":\"Patient/also.not\"}," MEDICINE "}";
    struct imported first;
    struct imported second;

    import_text(&first, text);
    import_text(&second, text);
    CHECK(json_object_size(first.tables) == 3 && json_equal(first.tables, second.tables));
    imported_close(&first);
    imported_close(&second);
}

TEST(requests_that_cannot_be_taken_over_are_left_out_and_counted)
{
    struct imported imported;

    import_text(
        &imported,
        "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\"," SUBJECT "," MEDICINE "}\n"
        "{\"resourceType\":\"MedicationRequest\",\"id\":\"a\",\"doNotPerform\":true,"
        "\"status\":\"active\"," SUBJECT "," MEDICINE "}\n"
        "{\"resourceType\":\"MedicationRequest\",\"id\":\"b\",\"status\":\"active\","
        "\"subject\":{\"reference\":\"Group/1\"}," MEDICINE "}\n"
        "{\"resourceType\":\"MedicationRequest\",\"id\":\"c\",\"status\":\"active\"," SUBJECT
        ",\"medicationReference\":{\"reference\":\"Medication/gone\"}}\n"
        "{\"resourceType\":\"Patient\",\"id\":\"bad id!\"}\n");
    CHECK(imported.status == TERN_OK);
    CHECK_INT(json_object_size(imported.tables), 0);
    CHECK_INT(imported_unmapped(&imported, "MedicationRequest (without id)"), 1);
    CHECK_INT(imported_unmapped(&imported, "MedicationRequest (doNotPerform)"), 1);
    CHECK_INT(imported_unmapped(&imported, "MedicationRequest (without a patient)"), 1);
    CHECK_INT(imported_unmapped(&imported, "MedicationRequest (without a medicine's name)"), 1);
    CHECK_INT(imported_unmapped(&imported, "Patient (without id)"), 1);
    imported_close(&imported);
}

TEST(a_text_too_long_for_its_column_is_cut_at_a_character_and_counted)
{
    struct imported imported;
    char name[300 * 3 + 1] = "";
    char text[2048];
    const char *kept;

    for (int i = 0; i < 300; i++) {
        memcpy(name + strlen(name), "\u1780", 4);
    }
    (void)snprintf(text,
                   sizeof(text),
                   "{\"resourceType\":\"MedicationRequest\",\"id\":\"" REQUEST_ID
                   "\",\"status\":\"active\"," SUBJECT
                   ",\"medicationCodeableConcept\":{\"text\":\"%s\"}}",
                   name);
    import_text(&imported, text);
    kept = cell_text(imported_only(&imported, "medications"), "medicine_name");
    CHECK_INT(strlen(kept), 255 * 3);
    CHECK_INT(imported_unmapped(&imported, "MedicationRequest.medication (cut at 255 characters)"),
              1);
    imported_close(&imported);
}

TEST(a_khmer_translation_of_the_medicine_is_kept_beside_its_name)
{
    struct imported imported;

    import_text(&imported,
                "{\"resourceType\":\"MedicationRequest\",\"id\":\"" REQUEST_ID
                "\",\"status\":\"active\"," SUBJECT
                ",\"medicationCodeableConcept\":{\"text\":\"Paracetamol\",\"_text\":{\"extension\":"
                "[{\"url\":\"http://hl7.org/fhir/StructureDefinition/translation\",\"extension\":"
                "[{\"url\":\"lang\",\"valueCode\":\"km\"},{\"url\":\"content\",\"valueString\":"
                "\"\u1794\u17c9\u17b6\u179a\u17c9\u17b6\"}]}]}}}");
    CHECK_TEXT(cell_text(imported_only(&imported, "medications"), "medicine_name_khmer"),
               "\u1794\u17c9\u17b6\u179a\u17c9\u17b6");
    imported_close(&imported);
}

TEST(a_transaction_holds_one_patient_and_never_splits_a_request)
{
    enum { REQUESTS = 130 };
    struct imported imported;
    char *text = calloc(REQUESTS, 512);
    size_t size = 0;
    size_t rows = 0;

    for (int i = 0; i < REQUESTS; i++) {
        size += (size_t)snprintf(
            text + size,
            512,
            "{\"resourceType\":\"MedicationRequest\",\"id\":\"r%d\","
            "\"status\":\"active\",\"subject\":{\"reference\":\"Patient/%s\"}," MEDICINE "}\n",
            i,
            i % 13 == 0 ? "few" : "many");
    }
    import_text(&imported, text);
    free(text);
    CHECK(imported.status == TERN_OK);
    for (size_t i = 0; i < json_array_size(imported.txs); i++) {
        const json_t *tx = json_array_get(imported.txs, i);

        rows += json_array_size(tx);
        CHECK(json_array_size(tx) <= TRN_FHIR_TX_ROWS);
        for (size_t at = 1; at < json_array_size(tx); at++) {
            CHECK(json_equal(json_array_get(tx, at), json_array_get(tx, 0)));
        }
    }
    CHECK_INT(rows, 2 * REQUESTS + 2);
    CHECK_INT(json_array_size(imported.txs), 4); /* 21 rows; 99, 100 and 42 */
    imported_close(&imported);
}

TEST(a_malformed_file_is_refused_by_line_before_anything_is_written)
{
    static const struct {
        const char *text;
        const char *said;
    } cases[] = {
        {REQUEST "}\n{\"resourceType\":\n", "input.json:2: the JSON ends too early"},
        {REQUEST "}\n\n{\"secret\":1}\n", "input.json:3: no FHIR resource"},
        {REQUEST "}\n{\"secret\":\"\xFF\"}\n", "input.json:2: not UTF-8"},
        {REQUEST "}\nsecret\n", "input.json:2: not JSON"},
        {"{\n\"resourceType\":\"Bundle\",\n\"entry\":[secret]}\n", "input.json:3: not JSON"},
        {"{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"secret\":1}}]}", "Bundle"},
        {"{\"resourceType\":\"Patient\",\"id\":\"a\",\"id\":\"b\"}", "twice"},
        {"", "too early"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct imported imported;

        import_text(&imported, cases[i].text);
        CHECK_INT(imported.status, TERN_ERR_FORMAT);
        if (strstr(imported.error.message, cases[i].said) == NULL) {
            fail_msg("%s", imported.error.message);
        }
        CHECK(strstr(imported.error.message, "secret") == NULL);
        CHECK_INT(json_array_size(imported.txs), 0);
        imported_close(&imported);
    }
}

TEST(a_missing_file_is_named)
{
    const char *paths[] = {"/nonexistent/file.json", NULL};
    struct imported imported;

    import_files(&imported, paths);
    CHECK(imported.status == TERN_ERR_IO);
    CHECK(strstr(imported.error.message, "/nonexistent/file.json") != NULL);
    imported_close(&imported);
}

TEST(an_element_that_fhir_cannot_have_is_not_repeated_in_the_report)
{
    struct imported imported;

    import_text(&imported, REQUEST ",\"his name is secret\":1}");
    CHECK_INT(imported_unmapped(&imported, "MedicationRequest.(not FHIR)"), 1);
    imported_close(&imported);
}

/* Maps one request of an indexed patient; true if it worked, false if memory ran out. */
static bool map_pair(json_t *patient, json_t *request, struct trn_fhir_report *report)
{
    struct trn_fhir_index index = {0};
    struct trn_fhir_row prescription = {0};
    struct trn_fhir_row medication = {0};
    tern_status status = trn_fhir_index_open(&index, NULL);

    if (status == TERN_OK) {
        status = trn_fhir_index_add(&index, patient, NULL, NULL);
    }
    if (status == TERN_OK) {
        CHECK(trn_fhir_map_request(&index, request, NULL, report, &prescription, &medication));
        status = prescription.status != TERN_OK ? prescription.status : medication.status;
    }
    if (status == TERN_OK) {
        CHECK_INT(prescription.count, 7);
        CHECK_INT(medication.count, 6);
    }
    trn_fhir_row_free(&prescription);
    trn_fhir_row_free(&medication);
    trn_fhir_index_close(&index);
    CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    return status == TERN_OK && report->status == TERN_OK;
}

/* The documents are read before: jansson 2.14 drops a character of a text, and goes on, where
 * memory runs out in the middle of it, which is why the command ends there and then. */
TEST(a_mapping_that_runs_out_of_memory_says_so)
{
    json_t *patient = json_loads(khmer_patient, 0, NULL);
    json_t *request = json_loads(REQUEST ",\"authoredOn\":\"2026-02-28\",\"dosageInstruction\":["
                                         "{\"text\":\"as told\",\"timing\":{\"code\":{"
                                         "\"text\":\"daily\"}}}]}",
                                 0,
                                 NULL);
    unsigned worked = 0;

    CHECK(patient != NULL && request != NULL);
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_fhir_report report = {0};

        if (trn_fhir_report_open(&report, NULL) == TERN_OK) {
            worked += map_pair(patient, request, &report) ? 1 : 0;
        }
        trn_fhir_report_close(&report);
    }
    CHECK(worked >= 1);
    json_decref(patient);
    json_decref(request);
}

TEST(the_real_requests_are_all_taken_over)
{
    const char *folder = trn_test_data();
    const char *paths[4] = {trn_test_path(folder, "synthea-fhir-r4/MedicationRequest.ndjson")};
    struct imported imported;
    const json_t *medications;
    const char *id;
    json_t *row;
    size_t in_slots = 0;
    size_t prn = 0;

    import_files(&imported, paths);
    CHECK(imported.status == TERN_OK);
    CHECK_INT(json_object_size(json_object_get(imported.tables, "users")), 584);
    CHECK_INT(json_object_size(json_object_get(imported.tables, "prescriptions")), 4712);
    medications = json_object_get(imported.tables, "medications");
    CHECK_INT(json_object_size(medications), 4712);
    json_object_foreach(json_object_get(imported.tables, "medications"), id, row)
    {
        in_slots += cell_text(row, "morning_dosage")[0] != '\0';
        prn += json_integer_value(json_object_get(row, "is_prn")) != 0;
    }
    /* 1,476 once, 50 twice and 9 three times a day; 606 as needed. */
    CHECK_INT(in_slots, 1535);
    CHECK_INT(prn, 606);
    CHECK_INT(imported_unmapped(&imported, "MedicationRequest.encounter"), 4712);
    imported_close(&imported);
}

TEST(the_real_bundles_give_their_patients_and_requests)
{
    const char *folder = trn_test_data();
    const char *paths[3] = {
        trn_test_path(folder,
                      "synthea-fhir-r4/Angelic_Mueller_29d755a6-32fa-482e-8fdd-081300209df8.json"),
        trn_test_path(
            folder,
            "synthea-fhir-r4/Gloria_Covarrubias_15044ad5-0e57-4c20-b927-87490a5e8827.json")};
    struct imported imported;
    const json_t *user;

    import_files(&imported, paths);
    CHECK(imported.status == TERN_OK);
    CHECK_INT(json_object_size(json_object_get(imported.tables, "users")), 2);
    CHECK_INT(json_object_size(json_object_get(imported.tables, "prescriptions")), 25);
    user = imported_row(&imported, "users", "2ec622d5-095b-44d4-9cb2-c0e7e451cd74");
    CHECK_TEXT(cell_text(user, "gender"), "FEMALE");
    CHECK_TEXT(cell_text(user, "date_of_birth"), "1978-04-03");
    CHECK_TEXT(cell_text(user, "language"), "ENGLISH");
    CHECK_INT(imported_unmapped(&imported, "Observation"), 147);
    imported_close(&imported);
}
