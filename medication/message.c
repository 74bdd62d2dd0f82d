/* What is said to people: a table of sentences by language, and how the words come into them.
 * In a sentence {0} and {1} stand for the problem's numbers, as its row says they are read. */
#include "medication/saying.h"

#include <string.h>

#include "medication/form.h"

enum { LANGUAGES = 2 };

typedef bool (*tell_number)(struct trn_saying *saying, int64_t number);

static bool tell_plain(struct trn_saying *saying, int64_t number)
{
    trn_say_number(saying, number);
    return true;
}

static const struct {
    tell_number tell;
    const char *text[LANGUAGES];
} problems[] = {
    [TERN_PROBLEM_NONE] = {tell_plain,
                           {"ប្រតិបត្តិការនេះមិនបានសម្រេចទេ ({0})។ គ្មានអ្វីត្រូវបានផ្លាស់ប្ដូរឡើយ។",
                            "This did not work ({0}). Nothing was changed."}},
    [TERN_PROBLEM_NO_DOSE] = {tell_plain,
                              {"រកមិនឃើញដូសថ្នាំនេះក្នុងទូរសព្ទនេះទេ។", "This dose is not on this phone."}},
    [TERN_PROBLEM_NO_MEDICATION] = {tell_plain,
                                    {"រកមិនឃើញថ្នាំនេះក្នុងទូរសព្ទនេះទេ។",
                                     "This medicine is not on this phone."}},
    [TERN_PROBLEM_NO_PRESCRIPTION] = {tell_plain,
                                      {"រកមិនឃើញវេជ្ជបញ្ជានេះក្នុងទូរសព្ទនេះទេ។",
                                       "This prescription is not on this phone."}},
    [TERN_PROBLEM_NO_PATIENT] = {tell_plain,
                                 {"រកមិនឃើញកំណត់ត្រារបស់អ្នកជំងឺនេះក្នុងទូរសព្ទនេះទេ។",
                                  "This patient's record is not on this phone."}},
    [TERN_PROBLEM_TOO_EARLY] = {trn_say_minutes,
                                {"ម៉ោងនេះមុនម៉ោងកំណត់លេបថ្នាំ {0}។ "
                                 "អាចកត់ត្រាបានចាប់ពី {1} មុនម៉ោងកំណត់។",
                                 "This is {0} before the time of the dose. It can be recorded from "
                                 "{1} before its time."}},
    [TERN_PROBLEM_TOO_LATE] = {trn_say_minutes,
                               {"ដូសថ្នាំនេះត្រូវលេប {0} មុន។ កន្លងផុតលើសពី 24 ម៉ោងហើយ។",
                                "This dose was due {0} earlier. More than 24 hours have passed."}},
    [TERN_PROBLEM_AHEAD] = {trn_say_minutes,
                            {"ម៉ោងដែលបានបញ្ចូលនៅខាងមុខពេលនេះ {0}។",
                             "The time given is {0} ahead of now."}},
    [TERN_PROBLEM_RECORDED] = {tell_plain,
                               {"ដូសថ្នាំនេះបានកត់ត្រារួចហើយ។ សូមបោះបង់កំណត់ត្រានោះជាមុនសិន។",
                                "This dose already has a record. Undo that first."}},
    [TERN_PROBLEM_NOT_RECORDED] = {tell_plain,
                                   {"ដូសថ្នាំនេះមិនទាន់មានកំណត់ត្រាដែលត្រូវបោះបង់ទេ។",
                                    "This dose has no record to undo."}},
    [TERN_PROBLEM_NOT_PRN] = {tell_plain,
                              {"ថ្នាំនេះមានម៉ោងកំណត់។ សូមកត់ត្រាតាមម៉ោងរបស់វា។",
                               "This medicine has set times. Record the dose of its time."}},
    [TERN_PROBLEM_STATUS] = {tell_plain,
                             {"ស្ថានភាពបច្ចុប្បន្ននៃវេជ្ជបញ្ជាមិនអនុញ្ញាតឱ្យធ្វើបែបនេះទេ។",
                              "The present state of the prescription does not allow this."}},
    [TERN_PROBLEM_REASON] = {tell_plain,
                             {"សូមបញ្ជាក់មូលហេតុនៃការផ្លាស់ប្ដូរនេះ។",
                              "Please give the reason for this change."}},
    [TERN_PROBLEM_URGENT_REASON] = {tell_plain,
                                    {"សូមបញ្ជាក់មូលហេតុដែលការផ្លាស់ប្ដូរនេះបន្ទាន់។",
                                     "Please say why this change is urgent."}},
    [TERN_PROBLEM_NO_MEDICATIONS] = {tell_plain,
                                     {"វេជ្ជបញ្ជាត្រូវមានថ្នាំយ៉ាងហោចណាស់មួយមុខ។",
                                      "A prescription needs at least one medicine."}},
    [TERN_PROBLEM_GRACE] = {tell_plain,
                            {"មិនអាចជ្រើសរើសរយៈពេលនេះបានទេ។ សូមជ្រើសរើស 10, 20, 30 ឬ 60 នាទី។",
                             "This length of time cannot be chosen. Choose 10, 20, 30 or 60 "
                             "minutes."}},
    [TERN_PROBLEM_MEAL_TIME] = {tell_plain,
                                {"នេះមិនមែនជាម៉ោងអាហារទេ។ សូមសរសេរដូចជា 07:00។",
                                 "This is no time of a meal. Write it like 07:00."}},
    [TERN_PROBLEM_ZONE] = {tell_plain,
                           {"ទូរសព្ទនេះមិនស្គាល់តំបន់ម៉ោងរបស់អ្នកជំងឺទេ។",
                            "This phone does not know the patient's time zone."}},
    [TERN_PROBLEM_DATE] = {tell_plain, {"កាលបរិច្ឆេទនេះមិនមានទេ។", "This date does not exist."}},
    [TERN_PROBLEM_QUOTA] = {trn_say_gigabytes,
                            {"ទំហំផ្ទុកពេញហើយ៖ បានប្រើ {0} ក្នុងចំណោម {1}។",
                             "The storage is full: {0} of {1} are used."}},
    [TERN_PROBLEM_SETTING] = {tell_plain,
                              {"ការកំណត់នេះមិនមានតម្លៃបែបនេះទេ។", "This setting has no such value."}},
    [TERN_PROBLEM_NO_VERSION] = {tell_plain,
                                 {"រកមិនឃើញកំណែនៃវេជ្ជបញ្ជានេះក្នុងទូរសព្ទនេះទេ។",
                                  "This version of the prescription is not on this phone."}},
    [TERN_PROBLEM_NO_ALERT] = {tell_plain,
                               {"រកមិនឃើញការជូនដំណឹងនេះក្នុងទូរសព្ទនេះទេ។",
                                "This alert is not on this phone."}},
    [TERN_PROBLEM_OVERTAKEN] = {tell_plain,
                                {"មានកំណែមួយទៀតនៃវេជ្ជបញ្ជានេះបានទៅដល់មុន។ កំណែរបស់អ្នកមិនត្រូវបានប្រើទេ "
                                 "ប៉ុន្តែអត្ថបទរបស់វានៅរក្សាទុក។",
                                 "Another version of this prescription came first. Yours is not in "
                                 "use, but its text is kept."}},
    [TERN_PROBLEM_END_DATE] = {tell_plain,
                               {"ថ្ងៃបញ្ចប់មិនអាចនៅមុនថ្ងៃចាប់ផ្ដើមទេ។",
                                "The end date cannot be before the start date."}},
    [TERN_PROBLEM_PRN_TIME] = {tell_plain,
                               {"នេះមិនមែនជាម៉ោងទេ ឬមានម៉ោងច្រើនពេក។ សូមជ្រើសរើសម៉ោងមិនលើសពី 24។",
                                "This is no time of the day, or there are too many. Choose at most "
                                "24 times."}},
    [TERN_PROBLEM_NOT_PATIENT] = {tell_plain,
                                  {"អ្នកមិនអាចផ្លាស់ប្ដូរអ្វីនេះក្នុងកំណត់ត្រារបស់អ្នកដទៃបានទេ។",
                                   "You cannot change this in another person's record."}},
    [TERN_PROBLEM_MISSING] = {tell_plain, {"សូមបំពេញ{0}។", "{0} is missing. Please fill it in."}},
    [TERN_PROBLEM_TOO_LONG] = {tell_plain,
                               {"{0}វែងពេក។ អាចសរសេរបានច្រើនបំផុត {1} តួអក្សរ។",
                                "{0} is too long. At most {1} characters fit."}},
    [TERN_PROBLEM_OUT_OF_RANGE] = {tell_plain,
                                   {"{0}មិនអាចជាចំនួននេះបានទេ។", "{0} cannot be this number."}},
    [TERN_PROBLEM_CHOICE] = {tell_plain,
                             {"{0}មិនមែនជាជម្រើសដែលអាចជ្រើសរើសបានទេ។",
                              "{0} is none of those that can be chosen."}},
    [TERN_PROBLEM_DOSAGE] = {tell_plain,
                             {"មិនអាចអាន{0}ជាកម្រិតថ្នាំបានទេ។",
                              "{0} cannot be read as an amount of medicine."}},
    [TERN_PROBLEM_NOT_TEXT] = {tell_plain,
                               {"{0}មានតួអក្សរដែលមិនអាចរក្សាទុកបាន។",
                                "{0} has characters that cannot be kept."}},
    [TERN_PROBLEM_TIMES] = {tell_plain,
                            {"{0}មិនត្រូវគ្នានឹងភាពញឹកញាប់របស់វាទេ។",
                             "{0} does not agree with how often it is to be taken."}},
};

/* What a sentence calls what was entered, {0}; of a medicine which one comes after. */
static const char *const fields[][LANGUAGES] = {
    [TERN_FIELD_NONE] = {"ទិន្នន័យ", "An entry"},
    [TERN_FIELD_PATIENT_NAME] = {"ឈ្មោះអ្នកជំងឺ", "The patient's name"},
    [TERN_FIELD_PATIENT_GENDER] = {"ភេទអ្នកជំងឺ", "The patient's gender"},
    [TERN_FIELD_PATIENT_AGE] = {"អាយុអ្នកជំងឺ", "The patient's age"},
    [TERN_FIELD_SYMPTOMS] = {"រោគសញ្ញា", "The text of the symptoms"},
    [TERN_FIELD_DIAGNOSIS] = {"រោគវិនិច្ឆ័យ", "The diagnosis"},
    [TERN_FIELD_URGENT_REASON] = {"មូលហេតុនៃភាពបន្ទាន់", "The reason for the urgency"},
    [TERN_FIELD_CHANGE_REASON] = {"មូលហេតុនៃការផ្លាស់ប្ដូរ", "The reason for the change"},
    [TERN_FIELD_MEDICINE_NAME] = {"ឈ្មោះ", "The name"},
    [TERN_FIELD_MEDICINE_NAME_KHMER] = {"ឈ្មោះជាភាសាខ្មែរ", "The Khmer name"},
    [TERN_FIELD_IMAGE_URL] = {"អាសយដ្ឋានរូបភាព", "The picture's address"},
    [TERN_FIELD_MORNING_DOSAGE] = {"កម្រិតប្រើពេលព្រឹក", "The morning dosage"},
    [TERN_FIELD_DAYTIME_DOSAGE] = {"កម្រិតប្រើពេលថ្ងៃ", "The daytime dosage"},
    [TERN_FIELD_NIGHT_DOSAGE] = {"កម្រិតប្រើពេលយប់", "The night dosage"},
    [TERN_FIELD_FREQUENCY] = {"ភាពញឹកញាប់", "The frequency"},
    [TERN_FIELD_TIMING] = {"ម៉ោងប្រើ", "The timing"},
    [TERN_FIELD_DURATION] = {"រយៈពេលប្រើ", "The duration"},
    [TERN_FIELD_SKIP_REASON] = {"មូលហេតុនៃការរំលងថ្នាំ", "The reason to skip the dose"},
};

static const char *const of_medicine[LANGUAGES] = {"របស់ថ្នាំទី ", " of medicine "};

/* Of a number whose limits are known: both, or the least one alone. */
static const char *const within[LANGUAGES] = {"{0}ត្រូវនៅចន្លោះពី {1} ដល់ {2}។",
                                              "{0} must be from {1} to {2}."};
static const char *const at_least[LANGUAGES] = {"{0}មិនអាចតិចជាង {1} បានទេ។",
                                                "{0} cannot be below {1}."};

/* Of an edit that was not made, with the number of the version that came first. */
static const char *const not_edited[LANGUAGES] = {
    "វេជ្ជបញ្ជានេះត្រូវបានផ្លាស់ប្ដូររួចហើយ (កំណែទី {0})។ សូមបើកវាម្ដងទៀតមុននឹងផ្លាស់ប្ដូរវា។",
    "This prescription was changed meanwhile (version {0}). Please open it again before you change "
    "it.",
};

static const char *const storage_full[LANGUAGES] = {
    "ទំហំផ្ទុកក្នុងទូរសព្ទពេញហើយ។ គ្មានអ្វីត្រូវបានផ្លាស់ប្ដូរឡើយ។",
    "The phone's storage is full. Nothing was changed.",
};

static const char *const too_large[LANGUAGES] = {
    "ទិន្នន័យនេះច្រើនពេក មិនអាចរក្សាទុកក្នុងពេលតែមួយបានទេ។ គ្មានអ្វីត្រូវបានផ្លាស់ប្ដូរឡើយ។",
    "This is too much to be kept at once. Nothing was changed.",
};

static const char *const titles[][LANGUAGES] = {
    [TERN_NOTICE_REMINDER] = {"ដល់ម៉ោងលេបថ្នាំហើយ", "Time for your medicine"},
    [TERN_NOTICE_REPEAT] = {"សូមកុំភ្លេចលេបថ្នាំ", "Please do not forget your medicine"},
    [TERN_NOTICE_MISSED] = {"មានដូសថ្នាំដែលខកខាន", "A dose was missed"},
    [TERN_NOTICE_URGENT_CHANGE] = {"វេជ្ជបញ្ជាបានផ្លាស់ប្ដូរជាបន្ទាន់", "Urgent change of a prescription"},
    [TERN_NOTICE_CHANGE] = {"វេជ្ជបញ្ជាបានផ្លាស់ប្ដូរ", "A prescription has changed"},
    [TERN_NOTICE_CONNECTION] = {"មានសំណើសុំភ្ជាប់ទំនាក់ទំនង", "Someone asks to be connected"},
    [TERN_NOTICE_GOES_ON] = {"វេជ្ជបញ្ជាមួយត្រូវការការសម្រេច", "A prescription needs a decision"},
};

static const char *const goes_on[LANGUAGES] = {
    "មានគេបានបញ្ចប់វេជ្ជបញ្ជានេះ ប៉ុន្តែការផ្លាស់ប្ដូរក្រោយមកបានទុកវាឱ្យនៅបន្ត។ "
    "សូមសួរវេជ្ជបណ្ឌិតថាតើត្រូវលេបថ្នាំបន្តឬទេ។",
    "It was ended, but a later change by somebody who did not know lets it go on. Ask the doctor "
    "whether to go on taking it.",
};

static const char *const meals[][LANGUAGES] = {
    [TERN_MEAL_NONE] = {NULL, NULL},
    [TERN_MEAL_BEFORE] = {"មុនអាហារ", "before the meal"},
    [TERN_MEAL_AFTER] = {"ក្រោយអាហារ", "after the meal"},
};

static const char *const sent_late[LANGUAGES] = {"ផ្ញើក្រោយពេលភ្ជាប់បណ្ដាញវិញ", "sent after reconnect"};

/* Says a sentence with its numbers, or with `name` for {0}. */
static void say_sentence(struct trn_saying *saying,
                         const char *sentence,
                         tell_number tell,
                         const int64_t numbers[2],
                         const char *name)
{
    const char *brace;

    while ((brace = strchr(sentence, '{')) != NULL) {
        trn_say_part(saying, sentence, (size_t)(brace - sentence));
        if (name != NULL) {
            trn_say_raw(saying, name);
        } else {
            int64_t number = numbers[brace[1] - '0'];

            (void)tell(saying, number < 0 ? 0 : number);
        }
        sentence = brace + 3;
    }
    trn_say(saying, sentence);
}

static void say_field(struct trn_saying *saying, int64_t field, int64_t medicine)
{
    bool is_one = field >= 0 && field < (int64_t)(sizeof(fields) / sizeof(fields[0]));

    trn_say(saying, fields[is_one ? field : TERN_FIELD_NONE][saying->locale->language]);
    if (medicine > 0) {
        trn_say(saying, of_medicine[saying->locale->language]);
        trn_say_number(saying, medicine);
    }
}

/* Says a sentence with what was entered for {0}, and its limits for {1} and {2}. */
static void say_limits(struct trn_saying *saying,
                       const char *sentence,
                       const tern_care_error *error,
                       const int64_t limits[2])
{
    const char *brace;

    while ((brace = strchr(sentence, '{')) != NULL) {
        trn_say_part(saying, sentence, (size_t)(brace - sentence));
        if (brace[1] == '0') {
            say_field(saying, error->first, error->second);
        } else {
            trn_say_number(saying, limits[brace[1] - '1']);
        }
        sentence = brace + 3;
    }
    trn_say(saying, sentence);
}

static void say_entered(struct trn_saying *saying, const tern_care_error *error)
{
    const char *const *sentence = problems[error->problem].text;
    int64_t limits[] = {trn_field_length(error->first), INT64_MAX};

    if (error->problem == TERN_PROBLEM_OUT_OF_RANGE &&
        trn_field_range(error->first, &limits[0], &limits[1])) {
        sentence = limits[1] == INT64_MAX ? at_least : within;
    }
    say_limits(saying, sentence[saying->locale->language], error, limits);
}

size_t
tern_say_problem(const tern_locale *locale, const tern_care_error *error, char *buffer, size_t size)
{
    struct trn_saying saying;
    size_t at;

    if (!trn_saying_begin(&saying, locale, buffer, size) || error == NULL) {
        return 0;
    }
    at = (size_t)error->problem;
    if (at >= sizeof(problems) / sizeof(problems[0])) {
        return 0;
    }
    if (at == TERN_PROBLEM_NONE &&
        (error->error.status == TERN_ERR_DISK_FULL || error->error.status == TERN_ERR_TOO_LARGE)) {
        trn_say(&saying,
                (error->error.status == TERN_ERR_DISK_FULL ? storage_full
                                                           : too_large)[locale->language]);
        return trn_saying_end(&saying);
    }
    if (at >= TERN_PROBLEM_MISSING && at <= TERN_PROBLEM_TIMES) {
        say_entered(&saying, error);
        return trn_saying_end(&saying);
    }
    say_sentence(&saying,
                 at == TERN_PROBLEM_OVERTAKEN && error->first > 0
                     ? not_edited[locale->language]
                     : problems[at].text[locale->language],
                 problems[at].tell,
                 (const int64_t[]){error->first, error->second},
                 at == TERN_PROBLEM_NONE ? tern_status_code(error->error.status) : NULL);
    return trn_saying_end(&saying);
}

size_t tern_say_date(const tern_locale *locale,
                     const char *local_date,
                     bool weekday,
                     char *buffer,
                     size_t size)
{
    struct trn_saying saying;

    return trn_saying_begin(&saying, locale, buffer, size) &&
                   trn_say_day(&saying, local_date, weekday)
               ? trn_saying_end(&saying)
               : 0;
}

size_t tern_say_time(const tern_locale *locale, int32_t minute, char *buffer, size_t size)
{
    struct trn_saying saying;

    return trn_saying_begin(&saying, locale, buffer, size) && trn_say_minute(&saying, minute)
               ? trn_saying_end(&saying)
               : 0;
}

size_t tern_say_span(const tern_locale *locale, int64_t minutes, char *buffer, size_t size)
{
    struct trn_saying saying;

    return trn_saying_begin(&saying, locale, buffer, size) && trn_say_minutes(&saying, minutes)
               ? trn_saying_end(&saying)
               : 0;
}

static bool is_notice(tern_notice notice)
{
    return (size_t)notice < sizeof(titles) / sizeof(titles[0]);
}

size_t tern_say_title(const tern_locale *locale, tern_notice notice, char *buffer, size_t size)
{
    struct trn_saying saying;

    if (!trn_saying_begin(&saying, locale, buffer, size) || !is_notice(notice)) {
        return 0;
    }
    trn_say(&saying, titles[notice][locale->language]);
    return trn_saying_end(&saying);
}

/* What parts one word from the next. */
static void say_join(struct trn_saying *saying, const char *by)
{
    if (saying->length > 0) {
        trn_say(saying, by);
    }
}

static void say_word(struct trn_saying *saying, const char *by, const char *word)
{
    if (word != NULL && word[0] != '\0') {
        say_join(saying, by);
        trn_say_raw(saying, word);
    }
}

static bool say_when(struct trn_saying *saying, const tern_notice_words *words)
{
    if (words->local_date != NULL) {
        say_join(saying, ", ");
        if (!trn_say_day(saying, words->local_date, false)) {
            return false;
        }
    }
    if (words->minute >= 0) {
        say_join(saying, ", ");
        return trn_say_minute(saying, words->minute);
    }
    return true;
}

size_t tern_say_notice(const tern_locale *locale,
                       tern_notice notice,
                       const tern_notice_words *words,
                       char *buffer,
                       size_t size)
{
    struct trn_saying saying;

    if (!trn_saying_begin(&saying, locale, buffer, size) || !is_notice(notice) || words == NULL ||
        words->size < sizeof(tern_notice_words) ||
        (size_t)words->meal >= sizeof(meals) / sizeof(meals[0])) {
        return 0;
    }
    say_word(&saying, "", words->person);
    say_word(&saying, ": ", words->medicine);
    say_word(&saying, " ", words->amount);
    if (!say_when(&saying, words)) {
        return trn_saying_drop(&saying);
    }
    say_word(&saying, ", ", meals[words->meal][locale->language]);
    say_word(&saying, ": ", notice == TERN_NOTICE_GOES_ON ? goes_on[locale->language] : NULL);
    say_word(&saying, ": ", words->reason);
    say_word(&saying, " · ", words->late ? sent_late[locale->language] : NULL);
    return trn_saying_end(&saying);
}
