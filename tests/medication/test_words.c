/* Words for people beside a dosage: what speaks of more than a day, or of one dose, makes no daily
 * dose, however it is written, and what is daily stays so. */
#include "tern/medication/schedule.h"

#include <string.h>

#include "tests/harness/harness.h"

enum { DAYS = 28 };

static bool count(void *context, const tern_planned_dose *dose)
{
    *(int *)context += strcmp(dose->slot, "MORNING") == 0 ? 1 : 0;
    return true;
}

static int doses(const char *frequency, bool *ret_understood)
{
    const tern_regimen regimen = {.size = sizeof(regimen),
                                  .zone = "Asia/Phnom_Penh",
                                  .start_date = "2026-03-02",
                                  .slots = TERN_SLOT_MORNING,
                                  .frequency = frequency,
                                  .meal_minutes = {420, 720, 1080},
                                  .grace_minutes = 30};
    tern_posix_zones *zones = NULL;
    tern_zone_port port;
    int made = 0;

    CHECK_INT(tern_posix_zones_open(NULL, &zones, NULL), TERN_OK);
    tern_posix_zones_port(zones, &port);
    CHECK_INT(
        tern_schedule_plan(&port, &regimen, "2026-03-02", DAYS, count, &made, ret_understood, NULL),
        TERN_OK);
    tern_posix_zones_close(zones);
    return made;
}

static void expect(const char *const *words, bool is_daily)
{
    for (; *words != NULL; words++) {
        bool understood = !is_daily;
        int made = doses(*words, &understood);

        if (made != (is_daily ? DAYS : 0) || understood != is_daily) {
            fail_msg("\"%s\" makes %d doses", *words, made);
        }
    }
}

TEST(short_forms_of_more_than_a_day_make_no_daily_dose)
{
    static const char *const words[] = {"wkly",
                                        "qwk",
                                        "2/w",
                                        "q.o.d.",
                                        "q. o. d.",
                                        "vit. c, q.o.d.",
                                        "1 tab QOD",
                                        "T.I.W.",
                                        "MWF",
                                        "M/W/F",
                                        "m w f",
                                        "Tu/Th/Sa",
                                        "alt. day",
                                        "q48",
                                        "q48h",
                                        "q 48, with food",
                                        "every 48",
                                        "72 hrly",
                                        "q3m",
                                        "every forty-eight hours",
                                        "every 2 nights",
                                        "1 fois par semaine",
                                        "tous les 2 jours",
                                        "1 jour sur 2",
                                        "1 j sur 2",
                                        "1x/sem",
                                        "toutes les 72 heures",
                                        "lundi, jeudi",
                                        "lun mer ven",
                                        "M, W and F",
                                        "qad",
                                        NULL};

    expect(words, false);
}

TEST(what_is_taken_once_only_makes_no_daily_dose)
{
    static const char *const words[] = {"once only",
                                        "Single dose",
                                        "single-dose",
                                        "stat",
                                        "1 tab STAT",
                                        "one dose",
                                        "1 dose only",
                                        "one dose on day 1",
                                        "dose unique",
                                        "តែម្តង",
                                        "ម្ដង\u200bគត់",
                                        "តែ ១ ដង",
                                        "មួយដងប៉ុណ្ណោះ",
                                        "មួយដូស",
                                        NULL};

    expect(words, false);
}

/* Spaces of every kind, and characters that nobody sees. */
TEST(words_are_the_same_by_whichever_characters_they_are_parted)
{
    static const char *const words[] = {"every 48\u00a0h",
                                        "every 48\u202fhours",
                                        "2\u00a0d",
                                        "2\u2011d",
                                        "every\u200bother\u200bday",
                                        "every\u3000other\u2003day",
                                        "q\u200b48\u2009h",
                                        "\ufeffweek\u00adly",
                                        "we\u2060ek\u200dly",
                                        "once\u00a0a\u00a0week",
                                        NULL};

    expect(words, false);
}

TEST(words_of_more_than_a_day_in_khmer_make_no_daily_dose)
{
    static const char *const words[] = {/* every two days, every three */
                                        "ពីរថ្ងៃម្តង",
                                        "ពីរថ្ងៃ\u200bម្តង",
                                        "ពីរ\u200bថ្ងៃ ម្ដង",
                                        "២ ថ្ងៃ ម្តង",
                                        "2 ថ្ងៃម្តង",
                                        "២-៣ ថ្ងៃម្តង",
                                        "២ ថ្ងៃ ១ ដង",
                                        "ពីរថ្ងៃលេបម្តង",
                                        "ពីរថ្ងៃមួយគ្រាប់",
                                        "ដប់មួយថ្ងៃម្តង",
                                        "២១ថ្ងៃម្តង",
                                        "រៀងរាល់ពីរថ្ងៃ",
                                        "រៀងរាល់\u200bពីរ\u200bថ្ងៃ",
                                        "រាល់ ៣ ថ្ងៃ",
                                        "រាល់ ២-៣ ថ្ងៃ",
                                        "រាល់ ២ ទៅ ៣ ថ្ងៃ",
                                        "គ្រប់បីថ្ងៃ",
                                        "ម្តងក្នុង៣ថ្ងៃ",
                                        /* hours */
                                        "រាល់ ៤៨ ម៉ោង",
                                        "សែសិបប្រាំបីម៉ោងម្តង",
                                        /* weekdays */
                                        "ថ្ងៃច័ន្ទ",
                                        "ថ្ងៃចន្ទ",
                                        "ថ្ងៃ អង្គារ",
                                        "ថ្ងៃពុធ",
                                        "រៀងរាល់ថ្ងៃពុធ",
                                        "ថ្ងៃ\u200bព្រហស្បតិ៍",
                                        "ថ្ងៃព្រហស្បត្តិ៍",
                                        "ថ្ងៃសុក្រ",
                                        "ថ្ងៃសៅរ៍",
                                        "ថ្ងៃសៅរ",
                                        "ថ្ងៃអាទិត្យ",
                                        "ច័ន្ទ ពុធ សុក្រ",
                                        /* alternate days */
                                        "ឆ្លាស់ថ្ងៃ",
                                        "មួយថ្ងៃខានមួយថ្ងៃ",
                                        "១ ថ្ងៃ ខាន ១ ថ្ងៃ",
                                        "រំលងមួយថ្ងៃ",
                                        "លេប៥ថ្ងៃឈប់២ថ្ងៃ",
                                        "មួយថ្ងៃលេប មួយថ្ងៃឈប់",
                                        "ថ្ងៃធ្វើការ",
                                        "ថ្ងៃសីល",
                                        /* weeks, months */
                                        "១ សប្តាហ៍ ម្តង",
                                        "សប្ដាហ",
                                        "ខែ\u200bម្តង",
                                        NULL};

    expect(words, false);
}

/* A text that is longer than any column's is not searched, and so not taken to be daily. */
TEST(words_that_are_too_long_to_be_read_make_no_daily_dose)
{
    static char words[3000];
    const char *const all[] = {words, NULL};

    memset(words, 'a', sizeof(words) - 1);
    expect(all, false);
}

TEST(what_is_daily_stays_daily)
{
    static const char *const words[] = {
        "twice\u00a0a\u00a0day",
        "1 tab od",
        "1 tab o.d.",
        "b.i.d. p.c.",
        "q.i.d.",
        "t d s",
        "q24h",
        "q24",
        "q30min",
        "every 30 minutes",
        "every 8 h",
        "2 x d",
        "w/ food",
        "500 mg, 2 tabs in the morning",
        "2 mornings and nights",
        "one dose a day",
        "single dose every morning",
        "one time daily",
        "one dose every 12 hours",
        "stat, then 1 tab bid",
        "status as before",
        "2 fois par jour",
        "toutes les 8 heures",
        "1-0-1, 30 min before meals",
        "2 hours after food",
        "take at the same time each day",
        "max 4 doses per day",
        "1 dose a dose", /* an amount, as the import of FHIR writes it */
        "Take at regular intervals. Complete the prescribed course "
        "unless otherwise directed.",
        "Do not take milk, indigestion remedies, or medicines "
        "containing iron or zinc at the same time of day as this "
        "medicine",
        "មួយ\u200bថ្ងៃ ម្ដង",
        "១ ថ្ងៃ ម្តង",
        "ថ្ងៃ២ដង",
        "ថ្ងៃ ២ ដង",
        "១គ្រាប់ ថ្ងៃ៣ដង",
        "២ ដង ក្នុងមួយថ្ងៃ",
        "២ដង/១ថ្ងៃ",
        "មួយថ្ងៃពីរដង",
        "មួយថ្ងៃតែម្តង",
        "រាល់ថ្ងៃ",
        "រៀងរាល់ថ្ងៃ",
        "រាល់ ១ ថ្ងៃ",
        "រាល់ ៨ ម៉ោង",
        "៨ម៉ោងម្តង",
        "ថ្ងៃ១ដងប៉ុណ្ណោះ",
        "១ថ្ងៃ៣ដង ម្តង២គ្រាប់",
        "មុនបាយ ៣០នាទី",
        "រាល់ម្ភៃបួនម៉ោង",
        "ថ្ងៃ២ដង រយៈពេល ៧ថ្ងៃ",
        "រយៈពេល ៧ថ្ងៃ ២ គ្រាប់",
        "កុំខានលេប",
        "លេបម្តង ១គ្រាប់ ថ្ងៃ៣ដង",
        "ពេលព្រឹក ថ្ងៃត្រង់ និងល្ងាច",
        /* amounts by the time of the day: morning, day, evening */
        "ព្រឹក ២ ថ្ងៃ ២ ល្ងាច ២",
        "ព្រឹក ២ ថ្ងៃ ១គ្រាប់ ល្ងាច ២",
        "ព្រឹក ពីរ ថ្ងៃ ពីរ ល្ងាច ពីរ",
        "ព្រឹក ១/២ ថ្ងៃ ១/២ ល្ងាច ១/២",
        "ព្រឹក ១.៥ ថ្ងៃ ១.៥ ល្ងាច ១.៥",
        "៥ថ្ងៃ ១ថ្ងៃ ៣ដង",
        "សម្រាប់ ៧ថ្ងៃ មួយថ្ងៃ ៣ដង",
        "លេបរាល់ថ្ងៃ កុំខានថ្ងៃណា",
        "t.d.s. a.c.",
        "p.o. t.d.s. a.c.",
        "q.d.s. a.c.",
        "h.s. a.c.",
        "o.m. & o.n.",
        "a.m. o.n.",
        "i.m. o.d.",
        "one dose at night",
        "one dose in the morning",
        "one dose before breakfast",
        "one dose nocte",
        "single dose at bedtime",
        "1 tab once only at night",
        "លេបតែម្តងពេលព្រឹក",
        "លេបតែម្តងនៅពេលយប់",
        NULL};

    expect(words, true);
}
