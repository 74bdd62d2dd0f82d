/* What is entered: the first thing that is wrong, by field and medicine. The limits are those of
 * schemas/dastern.json, and one of our own where that has none. */
#include "medication/form.h"

#include <string.h>

#include "base/text.h"
#include "medication/calendar.h"
#include "medication/regimen.h"

enum { AGE_MAX = 150, TEXT_MAX = 10000 };

struct text {
    tern_field field;
    const char *text;
    const char *column; /* where it may stand already though it is refused here; NULL: nowhere */
};

/* Whose texts are checked. */
struct owner {
    tern_care *care;
    const tern_id *edited;   /* the prescription; NULL: all is new */
    const tern_id *medicine; /* NULL: the prescription itself */
    size_t row;              /* of the medicine, from 1 */
};

int64_t trn_field_length(int64_t field)
{
    static const int64_t lengths[] = {[TERN_FIELD_PATIENT_NAME] = 200,
                                      [TERN_FIELD_SYMPTOMS] = TEXT_MAX,
                                      [TERN_FIELD_DIAGNOSIS] = TEXT_MAX,
                                      [TERN_FIELD_URGENT_REASON] = TEXT_MAX,
                                      [TERN_FIELD_CHANGE_REASON] = TEXT_MAX,
                                      [TERN_FIELD_MEDICINE_NAME] = 255,
                                      [TERN_FIELD_MEDICINE_NAME_KHMER] = 255,
                                      [TERN_FIELD_IMAGE_URL] = TEXT_MAX,
                                      [TERN_FIELD_MORNING_DOSAGE] = TEXT_MAX,
                                      [TERN_FIELD_DAYTIME_DOSAGE] = TEXT_MAX,
                                      [TERN_FIELD_NIGHT_DOSAGE] = TEXT_MAX,
                                      [TERN_FIELD_FREQUENCY] = 100,
                                      [TERN_FIELD_TIMING] = 100,
                                      [TERN_FIELD_SKIP_REASON] = TEXT_MAX};

    return field >= 0 && field < (int64_t)(sizeof(lengths) / sizeof(lengths[0])) ? lengths[field]
                                                                                 : 0;
}

bool trn_field_range(int64_t field, int64_t *ret_least, int64_t *ret_greatest)
{
    if (field != TERN_FIELD_PATIENT_AGE && field != TERN_FIELD_DURATION) {
        return false;
    }
    *ret_least = 0;
    *ret_greatest = field == TERN_FIELD_PATIENT_AGE ? AGE_MAX : INT64_MAX;
    return true;
}

/* The bytes of a character at the front that leaves nothing to be seen; 0 of any other. */
static size_t blank_size(const char *text)
{
    /* Unicode's White_Space, and what has no width: many keyboards part Khmer words by U+200B. */
    static const char *const blanks[] = {
        "\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\xc2\x85", "\u00a0",
        "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",   "\u2006",
        "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f",   "\u205f",
        "\u3000", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"};

    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
        size_t size = strlen(blanks[i]);

        if (strncmp(text, blanks[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

bool trn_is_blank(const char *text)
{
    size_t size;

    while (text != NULL && (size = blank_size(text)) > 0) {
        text += size;
    }
    return text == NULL || *text == '\0';
}

/* A date that is none would be refused by the engine as well, which knows no word for people. */
static tern_status check_dates(const char *start_date, const char *end_date, tern_care_error *error)
{
    int32_t start = INT32_MIN;
    int32_t end = INT32_MAX;

    if ((start_date != NULL && !trn_day_parse(start_date, strlen(start_date), &start)) ||
        (end_date != NULL && !trn_day_parse(end_date, strlen(end_date), &end))) {
        return trn_problem(error, TERN_PROBLEM_DATE, 0, 0);
    }
    return start > end ? trn_problem(error, TERN_PROBLEM_END_DATE, 0, 0) : TERN_OK;
}

static tern_status refuse(const struct owner *owner,
                          tern_problem problem,
                          const struct text *text,
                          tern_care_error *error)
{
    return trn_problem(error, problem, text->field, (int64_t)owner->row);
}

/* What came by a sync or an import must not hold up the edit of something else. */
static tern_status refuse_new(const struct owner *owner,
                              tern_problem problem,
                              const struct text *text,
                              tern_care_error *error)
{
    bool found = false;
    tern_status status = TERN_OK;

    if (owner->edited != NULL && text->column != NULL) {
        const tern_value values[] = {tern_value_id(owner->edited),
                                     owner->medicine != NULL ? tern_value_id(owner->medicine)
                                                             : tern_value_null(),
                                     tern_value_text(text->column),
                                     tern_value_text(text->text)};

        status = trn_care_has(owner->care, TRN_SQL_TEXT_STANDS, values, 4, &found, error);
    }
    return status != TERN_OK || found ? status : refuse(owner, problem, text, error);
}

static tern_status
check_text(const struct owner *owner, const struct text *text, tern_care_error *error)
{
    struct trn_slice bytes = trn_slice_text(text->text != NULL ? text->text : "");
    int64_t length = trn_field_length(text->field);

    if (!trn_utf8_is_valid(bytes)) {
        return refuse(owner, TERN_PROBLEM_NOT_TEXT, text, error);
    }
    return length > 0 && trn_utf8_count(bytes) > (size_t)length
               ? refuse_new(owner, TERN_PROBLEM_TOO_LONG, text, error)
               : TERN_OK;
}

static tern_status check_texts(const struct owner *owner,
                               const struct text *texts,
                               size_t count,
                               tern_care_error *error)
{
    tern_status status = TERN_OK;

    if (trn_is_blank(texts[0].text)) {
        return refuse(owner, TERN_PROBLEM_MISSING, &texts[0], error);
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        status = check_text(owner, &texts[i], error);
    }
    return status;
}

/* What is no object would stand for a dose of nothing; in one that is, all who read it have to find
 * the same. SQLite's json_valid calls what it lacks the memory to look at none, so a refusal is
 * believed once it was heard three times, as in base/json.c. */
static tern_status
check_dosage(const struct owner *owner, const struct text *dosage, tern_care_error *error)
{
    enum { HEARINGS = 3 };
    const tern_value value = tern_value_text(dosage->text);
    bool is_one = dosage->text == NULL;

    for (int heard = 0; heard < HEARINGS && !is_one; heard++) {
        tern_statement *row = NULL;
        tern_status status =
            trn_care_row(owner->care, TRN_SQL_DOSAGE, &value, 1, TERN_PROBLEM_NONE, &row, error);

        if (status != TERN_OK) {
            return status;
        }
        is_one = tern_statement_value(row, 0).integer != 0;
        tern_statement_reset(row);
    }
    return is_one ? TERN_OK : refuse_new(owner, TERN_PROBLEM_DOSAGE, dosage, error);
}

/* A dosage is an object here, or null. */
static bool is_dosage(const char *dosage)
{
    return dosage != NULL && strspn(dosage, " \t\r\n{") > strspn(dosage, " \t\r\n");
}

void trn_medicine_regimen(const tern_medicine *medicine,
                          const char *start_date,
                          tern_regimen *ret_regimen)
{
    const char *const dosages[] = {medicine->morning_dosage,
                                   medicine->daytime_dosage,
                                   medicine->night_dosage};

    *ret_regimen = (tern_regimen){.size = sizeof(*ret_regimen),
                                  .start_date = start_date,
                                  .frequency = medicine->frequency,
                                  .timing = medicine->timing,
                                  .is_prn = medicine->is_prn};
    for (unsigned i = 0; i < sizeof(dosages) / sizeof(dosages[0]); i++) {
        ret_regimen->slots |= is_dosage(dosages[i]) ? 1U << i : 0;
    }
}

/* Nobody can tell which is meant, the number or the times, and of one of them it would be too much.
 */
static bool is_miscounted(const tern_medicine *medicine)
{
    tern_regimen regimen;
    struct trn_regimen rule;

    trn_medicine_regimen(medicine, "2000-01-01", &regimen);
    return trn_regimen_read(&regimen, &rule) && rule.is_miscounted;
}

/* Words that stand already hold up no edit, either; they are read together. */
static tern_status
check_times(const struct owner *owner, const tern_medicine *medicine, tern_care_error *error)
{
    bool found = false;
    tern_status status = TERN_OK;

    if (!is_miscounted(medicine)) {
        return TERN_OK;
    }
    if (owner->edited != NULL) {
        const tern_value values[] = {tern_value_id(&medicine->id),
                                     tern_value_id(owner->edited),
                                     tern_value_text(medicine->frequency),
                                     tern_value_text(medicine->timing),
                                     tern_value_text(medicine->morning_dosage),
                                     tern_value_text(medicine->daytime_dosage),
                                     tern_value_text(medicine->night_dosage),
                                     tern_value_integer(medicine->is_prn)};

        status = trn_care_has(owner->care, TRN_SQL_WORDS_STAND, values, 8, &found, error);
    }
    return status != TERN_OK || found
               ? status
               : trn_problem(error, TERN_PROBLEM_TIMES, TERN_FIELD_TIMING, (int64_t)owner->row);
}

static tern_status check_medicine(tern_care *care,
                                  const tern_id *edited,
                                  const tern_medicine *medicine,
                                  size_t row,
                                  tern_care_error *error)
{
    const struct owner owner = {care, edited, &medicine->id, row};
    const struct text texts[] = {
        {TERN_FIELD_MEDICINE_NAME, medicine->name, NULL},
        {TERN_FIELD_MEDICINE_NAME_KHMER, medicine->name_khmer, NULL},
        {TERN_FIELD_IMAGE_URL, medicine->image_url, "image_url"},
        {TERN_FIELD_FREQUENCY, medicine->frequency, NULL},
        {TERN_FIELD_TIMING, medicine->timing, NULL},
        {TERN_FIELD_MORNING_DOSAGE, medicine->morning_dosage, "morning_dosage"},
        {TERN_FIELD_DAYTIME_DOSAGE, medicine->daytime_dosage, "daytime_dosage"},
        {TERN_FIELD_NIGHT_DOSAGE, medicine->night_dosage, "night_dosage"}};
    enum { COUNT = sizeof(texts) / sizeof(texts[0]), DOSAGES = 3 };
    tern_status status = check_texts(&owner, texts, COUNT, error);

    for (size_t i = COUNT - DOSAGES; i < COUNT && status == TERN_OK; i++) {
        status = check_dosage(&owner, &texts[i], error);
    }
    if (status == TERN_OK && medicine->duration_days < 0) {
        return trn_problem(error, TERN_PROBLEM_OUT_OF_RANGE, TERN_FIELD_DURATION, (int64_t)row);
    }
    return status == TERN_OK ? check_times(&owner, medicine, error) : status;
}

static tern_status check_gender(const char *gender, tern_care_error *error)
{
    static const char *const genders[] = {"MALE", "FEMALE", "OTHER"};

    for (size_t i = 0; i < sizeof(genders) / sizeof(genders[0]); i++) {
        if (gender == NULL || strcmp(gender, genders[i]) == 0) {
            return TERN_OK;
        }
    }
    return trn_problem(error, TERN_PROBLEM_CHOICE, TERN_FIELD_PATIENT_GENDER, 0);
}

static tern_status check_patient(tern_care *care,
                                 const tern_id *edited,
                                 const tern_prescription *prescription,
                                 const char *reason,
                                 tern_care_error *error)
{
    const struct owner owner = {care, edited, NULL, 0};
    const struct text texts[] = {
        {TERN_FIELD_PATIENT_NAME, prescription->patient_name, NULL},
        {TERN_FIELD_SYMPTOMS, prescription->symptoms, "symptoms"},
        {TERN_FIELD_DIAGNOSIS, prescription->diagnosis, "diagnosis"},
        {TERN_FIELD_URGENT_REASON, prescription->urgent_reason, "urgent_reason"},
        {TERN_FIELD_CHANGE_REASON, reason, NULL}};
    tern_status status = check_texts(&owner, texts, sizeof(texts) / sizeof(texts[0]), error);

    if (status == TERN_OK) {
        status = check_gender(prescription->patient_gender, error);
    }
    if (status == TERN_OK && prescription->patient_age > AGE_MAX) {
        return trn_problem(error, TERN_PROBLEM_OUT_OF_RANGE, TERN_FIELD_PATIENT_AGE, 0);
    }
    return status;
}

/* Of the two only one would stand. */
static bool names_twice(const tern_prescription *prescription)
{
    static const tern_id none;

    for (size_t i = 1; i < prescription->medicine_count; i++) {
        const tern_id *id = &prescription->medicines[i].id;

        for (size_t j = 0; j < i && memcmp(id, &none, sizeof(none)) != 0; j++) {
            if (memcmp(id, &prescription->medicines[j].id, sizeof(*id)) == 0) {
                return true;
            }
        }
    }
    return false;
}

tern_status trn_form_check(tern_care *care,
                           const tern_id *edited,
                           const tern_prescription *prescription,
                           const char *reason,
                           tern_care_error *error)
{
    tern_status status;

    if (prescription->medicine_count == 0 || prescription->medicines == NULL) {
        return trn_problem(error, TERN_PROBLEM_NO_MEDICATIONS, 0, 0);
    }
    if (edited != NULL && names_twice(prescription)) {
        return trn_care_misuse(error, "tern_prescription_edit");
    }
    if (prescription->is_urgent && trn_is_blank(prescription->urgent_reason)) {
        return trn_problem(error, TERN_PROBLEM_URGENT_REASON, 0, 0);
    }
    status = check_dates(prescription->start_date, prescription->end_date, error);
    if (status == TERN_OK) {
        status = check_patient(care, edited, prescription, reason, error);
    }
    for (size_t i = 0; i < prescription->medicine_count && status == TERN_OK; i++) {
        status = check_medicine(care, edited, &prescription->medicines[i], i + 1, error);
    }
    return status;
}

tern_status trn_form_check_skip(const char *reason, tern_care_error *error)
{
    const struct owner nobody = {0};
    const struct text text = {TERN_FIELD_SKIP_REASON, reason, NULL};

    return check_text(&nobody, &text, error);
}

tern_status trn_form_check_again(const char *start_date,
                                 const char *end_date,
                                 const char *reason,
                                 tern_care_error *error)
{
    const struct owner nobody = {0};
    const struct text text = {TERN_FIELD_CHANGE_REASON, reason, NULL};
    tern_status status = check_dates(start_date, end_date, error);

    return status == TERN_OK ? check_text(&nobody, &text, error) : status;
}
