/* Problems: their codes, and the engine's status that each goes with. */
#include "medication/internal.h"

#include "base/error.h"

static const struct {
    const char *code;
    tern_status status;
    const char *message;
} problems[] = {
    [TERN_PROBLEM_NONE] = {"NONE", TERN_ERR_INTERNAL, "no problem"},
    [TERN_PROBLEM_NO_DOSE] = {"NO_DOSE", TERN_ERR_NOT_FOUND, "there is no such dose"},
    [TERN_PROBLEM_NO_MEDICATION] = {"NO_MEDICATION",
                                    TERN_ERR_NOT_FOUND,
                                    "there is no such medication"},
    [TERN_PROBLEM_NO_PRESCRIPTION] = {"NO_PRESCRIPTION",
                                      TERN_ERR_NOT_FOUND,
                                      "there is no such prescription"},
    [TERN_PROBLEM_NO_PATIENT] = {"NO_PATIENT", TERN_ERR_NOT_FOUND, "there is no such user here"},
    [TERN_PROBLEM_TOO_EARLY] = {"TOO_EARLY", TERN_ERR_RANGE, "the dose is not due yet"},
    [TERN_PROBLEM_TOO_LATE] = {"TOO_LATE",
                               TERN_ERR_RANGE,
                               "the dose was due more than 24 hours before"},
    [TERN_PROBLEM_AHEAD] = {"AHEAD", TERN_ERR_RANGE, "a dose taken later than now"},
    [TERN_PROBLEM_RECORDED] = {"RECORDED", TERN_ERR_EXISTS, "the dose has a record"},
    [TERN_PROBLEM_NOT_RECORDED] = {"NOT_RECORDED",
                                   TERN_ERR_NOT_FOUND,
                                   "the dose has no record to undo"},
    [TERN_PROBLEM_NOT_PRN] = {"NOT_PRN", TERN_ERR_CHECK, "the medication is not taken as needed"},
    [TERN_PROBLEM_STATUS] = {"STATUS",
                             TERN_ERR_CHECK,
                             "the status of the prescription does not allow it"},
    [TERN_PROBLEM_REASON] = {"REASON", TERN_ERR_NOT_NULL, "a change needs a reason"},
    [TERN_PROBLEM_URGENT_REASON] = {"URGENT_REASON",
                                    TERN_ERR_NOT_NULL,
                                    "an urgent prescription needs an urgent reason"},
    [TERN_PROBLEM_NO_MEDICATIONS] = {"NO_MEDICATIONS",
                                     TERN_ERR_NOT_NULL,
                                     "a prescription without medications"},
    [TERN_PROBLEM_GRACE] = {"GRACE", TERN_ERR_RANGE, "grace is 10, 20, 30 or 60 minutes"},
    [TERN_PROBLEM_MEAL_TIME] = {"MEAL_TIME", TERN_ERR_FORMAT, "this is no time of a meal"},
    [TERN_PROBLEM_ZONE] = {"ZONE", TERN_ERR_FORMAT, "the time zone is unknown here"},
    [TERN_PROBLEM_DATE] = {"DATE", TERN_ERR_FORMAT, "a date that does not exist"},
    [TERN_PROBLEM_QUOTA] = {"QUOTA", TERN_ERR_TOO_LARGE, "the storage is full"},
    [TERN_PROBLEM_SETTING] = {"SETTING", TERN_ERR_ENUM, "a value that the setting does not have"},
    [TERN_PROBLEM_NO_VERSION] = {"NO_VERSION", TERN_ERR_NOT_FOUND, "there is no such version"},
    [TERN_PROBLEM_NO_ALERT] = {"NO_ALERT", TERN_ERR_NOT_FOUND, "there is no such alert"},
    [TERN_PROBLEM_OVERTAKEN] = {"OVERTAKEN",
                                TERN_ERR_APPEND_ONLY,
                                "another version of the prescription came first"},
    [TERN_PROBLEM_END_DATE] = {"END_DATE", TERN_ERR_RANGE, "an end before the start"},
    [TERN_PROBLEM_PRN_TIME] = {"PRN_TIME",
                               TERN_ERR_RANGE,
                               "no time of the day, or more times than there may be"},
    [TERN_PROBLEM_NOT_PATIENT] = {"NOT_PATIENT",
                                  TERN_ERR_FORBIDDEN,
                                  "the record is another's, and not the user's to change so"},
    [TERN_PROBLEM_MISSING] = {"MISSING", TERN_ERR_NOT_NULL, "a text is missing"},
    [TERN_PROBLEM_TOO_LONG] = {"TOO_LONG", TERN_ERR_LENGTH, "a text is too long"},
    [TERN_PROBLEM_OUT_OF_RANGE] = {"OUT_OF_RANGE", TERN_ERR_RANGE, "a number is out of its range"},
    [TERN_PROBLEM_CHOICE] = {"CHOICE", TERN_ERR_ENUM, "a value is none of those that there are"},
    [TERN_PROBLEM_DOSAGE] = {"DOSAGE", TERN_ERR_FORMAT, "a dosage cannot be read as one"},
    [TERN_PROBLEM_NOT_TEXT] = {"NOT_TEXT", TERN_ERR_FORMAT, "a text is not UTF-8"},
    [TERN_PROBLEM_TIMES] = {"TIMES",
                            TERN_ERR_CHECK,
                            "not as many times are named as the frequency says"},
};

const char *tern_problem_code(tern_problem problem)
{
    size_t at = (size_t)problem;

    return at < sizeof(problems) / sizeof(problems[0]) ? problems[at].code : "UNKNOWN";
}

tern_error *trn_engine_error(tern_care_error *error)
{
    return error != NULL ? &error->error : NULL;
}

void trn_care_clear(tern_care_error *error)
{
    if (error != NULL) {
        *error = (tern_care_error){.problem = TERN_PROBLEM_NONE};
    }
}

tern_status trn_problem(tern_care_error *error, tern_problem problem, int64_t first, int64_t second)
{
    if (error != NULL) {
        trn_error_clear(&error->error);
        error->problem = problem;
        error->first = first;
        error->second = second;
    }
    return trn_fail(trn_engine_error(error),
                    problems[problem].status,
                    "%s",
                    problems[problem].message);
}

tern_status trn_care_nomem(tern_care_error *error)
{
    return trn_fail_nomem(trn_engine_error(error));
}

tern_status trn_care_misuse(tern_care_error *error, const char *function)
{
    return trn_fail(trn_engine_error(error),
                    TERN_ERR_MISUSE,
                    "%s: an argument is missing or wrong",
                    function);
}

tern_status trn_zone_failed(tern_status status, tern_care_error *error)
{
    if (status == TERN_ERR_NOT_FOUND || status == TERN_ERR_FORMAT || status == TERN_ERR_CORRUPT) {
        return trn_problem(error, TERN_PROBLEM_ZONE, 0, 0);
    }
    return status;
}
