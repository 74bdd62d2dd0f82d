/* Words for people, as far as a schedule has to know them: whether they speak of more than a day.
 * First they are made plain, then they are compared with tables, so a wording that was overlooked
 * is a row more. */
#include <string.h>

#include "medication/words.h"

enum { PLAIN_BYTES = 1024, NUMBER_MAX = 1000000, DAY_HOURS = 24 };

/* ---- Plain words ---- */

/* Spaces of all kinds are one, what nobody sees is nothing, and what is written in two ways is
 * written in one: digits, hyphens, and in Khmer the subscript that ត and ដ share and the signs that
 * are left out as often as not. */
static const struct {
    const char *from;
    const char *to;
} spellings[] = {
    {"\t", " "},     {"\n", " "},     {"\r", " "},     {"\u00a0", " "}, {"\u1680", " "},
    {"\u2000", " "}, {"\u2001", " "}, {"\u2002", " "}, {"\u2003", " "}, {"\u2004", " "},
    {"\u2005", " "}, {"\u2006", " "}, {"\u2007", " "}, {"\u2008", " "}, {"\u2009", " "},
    {"\u200a", " "}, {"\u2028", " "}, {"\u2029", " "}, {"\u202f", " "}, {"\u205f", " "},
    {"\u3000", " "}, {"\u200b", " "}, {"\u00ad", ""},  {"\u034f", ""},  {"\u180e", ""},
    {"\u200c", ""},  {"\u200d", ""},  {"\u200e", ""},  {"\u200f", ""},  {"\u2060", ""},
    {"\ufeff", ""},  {"\u17b4", ""},  {"\u17b5", ""},  {"\u2010", "-"}, {"\u2011", "-"},
    {"\u2012", "-"}, {"\u2013", "-"}, {"\u2014", "-"}, {"\u2015", "-"}, {"\u2212", "-"},
    {"\u17e0", "0"}, {"\u17e1", "1"}, {"\u17e2", "2"}, {"\u17e3", "3"}, {"\u17e4", "4"},
    {"\u17e5", "5"}, {"\u17e6", "6"}, {"\u17e7", "7"}, {"\u17e8", "8"}, {"\u17e9", "9"},
    {"្ដ", "្ត"},      {"\u17cd", ""},  {"\u17d0", ""}};

/* A character of several bytes. */
static bool is_within(char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The plain spelling of what stands at the front; NULL where it is plain itself. */
static const char *take_spelling(const char **at)
{
    if (is_within(**at) || ((**at & 0x80) == 0 && **at >= ' ')) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        if (trn_words_take(at, spellings[i].from)) {
            return spellings[i].to;
        }
    }
    return NULL;
}

/* False where they have no room. */
static bool make_plain(const char *words, char plain[PLAIN_BYTES])
{
    const size_t room = PLAIN_BYTES - sizeof("\u17d2\u178f");
    size_t size = 0;

    while (*words != '\0') {
        const char *to = take_spelling(&words);

        if (to == NULL) {
            plain[size++] = *words++;
        } else {
            size_t bytes = strlen(to);

            memcpy(&plain[size], to, bytes);
            size += bytes;
        }
        if (size > room) {
            return false;
        }
    }
    plain[size] = '\0';
    return true;
}

static void drop_spaces(char *plain)
{
    char *end = plain;

    for (; *plain != '\0'; plain++) {
        if (*plain != ' ') {
            *end++ = *plain;
        }
    }
    *end = '\0';
}

/* A number, with a fraction or without. */
static void pass_number(const char **at, double *ret_number)
{
    double place = 0;

    *ret_number = 0;
    for (; (**at >= '0' && **at <= '9') || (**at == '.' && place == 0); (*at)++) {
        if (**at == '.') {
            place = 1;
        } else if (*ret_number < NUMBER_MAX) {
            *ret_number = *ret_number * 10 + (**at - '0');
            place *= 10;
        }
    }
    *ret_number /= place > 0 ? place : 1;
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(word, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* A word that holds one of them, as "biweekly" does. */
static bool holds_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strstr(word, *words) != NULL) {
            return true;
        }
    }
    return false;
}

/* ---- Latin letters ---- */

/* One word in small letters, and the number that stands before it, or 0; a number before something
 * else is a word without letters. */
struct word {
    char text[32];
    double number;
    bool is_per;     /* a stroke stands before it */
    bool is_spelled; /* of single letters, as "q.o.d." and "M/W/F" */
};

struct pair {
    const char *before;
    const char *word;
};

static const char *const parts[] = {
    "week",     "wk",     "fortnight", "month",     "year",     "annual",   "alternat",
    "sunday",   "monday", "tuesday",   "wednesday", "thursday", "friday",   "saturday",
    "otherday", "semain", "hebdo",     "quinzaine", "mensuel",  "trimestr", "dimanche",
    "lundi",    "mardi",  "mercredi",  "jeudi",     "vendredi", "samedi",   NULL};

static const char *const whole[] = {
    "days", "mo",  "mos", "mth",  "mths",  "mois", "yr",        "yrs",  "qod", "eod", "qow",
    "qw",   "biw", "tiw", "mwf",  "tts",   "tths", "quarterly", "sun",  "mon", "tu",  "tue",
    "tues", "wed", "thu", "thur", "thurs", "fr",   "fri",       "sa",   "sat", "su",  "lun",
    "mer",  "jeu", "ven", "sam",  "dim",   "sem",  "qad",       "qaod", "mw",  NULL};

/* What single letters may spell, in the midst of others: only what they hardly do by chance. */
static const char *const spelled[] =
    {"qod", "eod", "qow", "biw", "tiw", "mwf", "tts", "tths", "qad", "qaod", NULL};

static const char *const nth[] = {"other",
                                  "second",
                                  "third",
                                  "fourth",
                                  "fifth",
                                  "sixth",
                                  "seventh",
                                  "eighth",
                                  "ninth",
                                  "tenth",
                                  "nd",
                                  "rd",
                                  "th",
                                  NULL};

static const char *const every[] = {"every", "each", "q", "chaque", "les", NULL};
static const char *const day[] = {"day", "d", "daily", NULL};
static const char *const hours[] =
    {"h", "hr", "hrs", "hrly", "hour", "hours", "hourly", "heure", "heures", NULL};
static const char *const minutes[] = {"m", "mn", "min", "mins", "minute", "minutes", NULL};

/* With a number, and only behind "every". */
static const char *const several[] =
    {"jour", "jours", "j", "night", "nights", "morning", "mornings", "evening", "evenings", NULL};

/* Also without a number or "every". */
static const struct pair beyond[] = {{"alt", "day"},
                                     {"jour", "sur"},
                                     {"j", "sur"},
                                     {"thirty", "six"},
                                     {"forty", "eight"},
                                     {"seventy", "two"}};

static const struct pair once[] = {{"once", "only"},
                                   {"only", "once"},
                                   {"one", "dose"},
                                   {"one", "time"},
                                   {"one", "off"},
                                   {"one", "shot"},
                                   {"single", "dose"},
                                   {"single", "use"},
                                   {"single", "shot"},
                                   {"dose", "only"},
                                   {"time", "only"},
                                   {"dose", "unique"}};

static const char *const once_whole[] = {"stat", "onetime", NULL};

/* A time of the day is of each day, too. */
static const char *const of_each_day[] = {
    "daily",   "nightly",   "od",    "qd",   "bd",     "bid",    "tds",   "tid",
    "qds",     "qid",       "hs",    "mane", "nocte",  "night",  "bed",   "bedtime",
    "morning", "evening",   "noon",  "midi", "matin",  "soir",   "nuit",  "coucher",
    "meal",    "breakfast", "lunch", "tea",  "dinner", "supper", "repas", NULL};

static bool
is_pair(const struct pair *pairs, size_t count, const struct word *before, const struct word *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(before->text, pairs[i].before) == 0 && strcmp(word->text, pairs[i].word) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

/* The single letter that stands next; NULL if none does. One that is a Q begins a word. */
static const char *next_initial(const char *at)
{
    at += strspn(at, " .,/&-");
    return is_letter(*at) && !is_letter(at[1]) && !is_digit(at[1]) && (*at | 0x20) != 'q' ? at
                                                                                          : NULL;
}

/* Letters behind a number are its unit, and spell nothing. */
static void take_letters(const char **at, struct word *word)
{
    bool is_spelled = word->number == 0;
    size_t size = 0;

    while (is_letter(**at)) {
        const char *next;

        if (size < sizeof(word->text) - 1) {
            word->text[size++] = (char)(**at | 0x20);
        }
        (*at)++;
        is_spelled = is_spelled && !is_letter(**at);
        next = is_spelled ? next_initial(*at) : NULL;
        if (next != NULL) {
            word->is_spelled = true;
            *at = next;
        }
    }
}

/* Spaces and hyphens leave a number standing before its word. */
static bool next_word(const char **at, struct word *ret_word)
{
    *ret_word = (struct word){.number = 0};
    while (**at != '\0' && !is_letter(**at)) {
        if (is_digit(**at)) {
            pass_number(at, &ret_word->number);
            continue;
        }
        if (**at != ' ' && **at != '-' && ret_word->number > 0) {
            return true;
        }
        ret_word->is_per |= **at == '/';
        (*at)++;
    }
    take_letters(at, ret_word);
    return ret_word->text[0] != '\0' || ret_word->number > 0;
}

static bool passes_a_day(const struct word *before, const struct word *word)
{
    bool is_every = is_one_of(before->text, every);

    return holds_one_of(word->text, parts) || is_one_of(word->text, whole) ||
           (word->is_spelled && holds_one_of(word->text, spelled)) ||
           is_pair(beyond, sizeof(beyond) / sizeof(beyond[0]), before, word) ||
           (is_every && is_one_of(word->text, nth)) ||
           (is_every && word->number > 1 && is_one_of(word->text, several)) ||
           (word->number > 1 && is_one_of(word->text, day)) ||
           (word->number > DAY_HOURS && is_one_of(word->text, hours)) ||
           ((word->number > 0 || word->is_per) && strcmp(word->text, "w") == 0);
}

/* Hours are meant where "every 48" names no unit; "q3m" is months. */
static bool passes_a_day_unsaid(const struct word *before, const struct word *word)
{
    bool is_q = strcmp(before->text, "q") == 0;

    return (is_q && word->number > 0 && strcmp(word->text, "m") == 0) ||
           ((is_q || strcmp(before->text, "every") == 0) && word->number > DAY_HOURS &&
            !is_one_of(word->text, minutes));
}

/* Such as "for 7 days": how long, and not how often. */
static bool is_duration(const struct word *before, const struct word *word)
{
    static const char *const nouns[] =
        {"day", "days", "week", "weeks", "month", "months", "year", "years", NULL};

    return strcmp(before->text, "for") == 0 && word->number > 0 && is_one_of(word->text, nouns);
}

/* Such as "a day", which makes "one dose" one of each. */
static bool is_of_each_day(const struct word *before, const struct word *word)
{
    static const char *const a[] = {"a", "per", "every", "each", NULL};

    return is_one_of(word->text, of_each_day) ||
           ((word->is_per || is_one_of(before->text, a)) && strcmp(word->text, "day") == 0) ||
           (word->number > 0 && is_one_of(before->text, every) && is_one_of(word->text, hours));
}

static bool pass_a_day_in_latin(const char *plain)
{
    struct word before = {.number = 0};
    struct word word;
    bool is_once = false;
    bool is_daily = false;

    while (next_word(&plain, &word)) {
        if (!is_duration(&before, &word) &&
            (passes_a_day(&before, &word) || passes_a_day_unsaid(&before, &word))) {
            return true;
        }
        is_once |= is_one_of(word.text, once_whole) ||
                   is_pair(once, sizeof(once) / sizeof(once[0]), &before, &word);
        is_daily |= is_of_each_day(&before, &word);
        before = word;
    }
    return is_once && !is_daily;
}

/* ---- Khmer ---- */

/* It has no spaces between words, so here there are none, as none of the plain spellings above. */

static const char khmer_day[] = "ថ្ងៃ";
static const char khmer_hour[] = "ម៉ោង";
static const char khmer_once[] = "ម្តង";
static const char khmer_times[] = "ដង";

/* They are added up: 48 is forty, five, three. */
static const struct {
    const char *word;
    int number;
} numerals[] = {{"មួយ", 1},
                {"ពីរ", 2},
                {"បី", 3},
                {"បួន", 4},
                {"ប្រាំ", 5},
                {"ដប់", 10},
                {"ម្ភៃ", 20},
                {"សាមសិប", 30},
                {"សែសិប", 40},
                {"ហាសិប", 50},
                {"ហុកសិប", 60},
                {"ចិតសិប", 70},
                {"ប៉ែតសិប", 80},
                {"កៅសិប", 90}};

/* Weeks, months, years, weekdays, alternate days, even and odd ones, holy ones, workdays. */
static const char *const khmer_periods[] = {"សប្តាហ",
                                            "សបា្តហ",
                                            "អាទិត",
                                            "ខែ",
                                            "ឆ្នាំ",
                                            "ចន្ទ",
                                            "អង្គារ",
                                            "ពុធ",
                                            "រហស្ប",
                                            "សុក្រ",
                                            "សៅរ",
                                            "ឆ្លាស់",
                                            "ថ្ងៃគូ",
                                            "ថ្ងៃសេស",
                                            "ថ្ងៃសីល",
                                            "ថ្ងៃធ្វើការ",
                                            NULL};

static const char *const khmer_every[] = {"រាល់", "គ្រប់", "ក្នុង", NULL};

/* To miss, skip, stop, rest: for a day or some. */
static const char *const khmer_rest[] = {"ខាន", "រំលង", "លោត", "ឈប់", "សម្រាក", NULL};

/* To swallow, drink, use, eat, take, inject, rub in. */
static const char *const khmer_take[] = {"លេប", "ផឹក", "ប្រើ", "ញ៉ាំ", "ទទួលទាន", "ចាក់", "លាប", NULL};

static const char *const khmer_to[] = {"-", "ទៅ", "ដល់", "ឬ", NULL};
static const char *const khmer_lasting[] = {"រយៈពេល", "សម្រាប់", "ចំនួន", NULL};
static const char *const khmer_not[] = {"កុំ", "មិន", NULL};

/* Morning, noon, evening, night: an amount behind them, before "day", is the morning's, or noon's.
 */
static const char *const khmer_times_of_day[] = {"ព្រឹក", "ត្រង់", "ល្ងាច", "យប់", NULL};

static const char *const khmer_once_only[] = {"តែម្តង",
                                              "ម្តងគត់",
                                              "ម្តងប៉ុណ្ណោះ",
                                              "តែមួយដង",
                                              "មួយដងគត់",
                                              "មួយដងប៉ុណ្ណោះ",
                                              "តែ1ដង",
                                              "1ដងគត់",
                                              "1ដងប៉ុណ្ណោះ",
                                              "មួយដូស",
                                              NULL};

static const char *const khmer_each_day[] = {"មួយថ្ងៃ",
                                             "1ថ្ងៃ",
                                             "ថ្ងៃមួយដង",
                                             "ថ្ងៃ1ដង",
                                             "រាល់ថ្ងៃ",
                                             "ប្រចាំថ្ងៃ",
                                             "ថ្ងៃតែ",
                                             "ព្រឹក",
                                             "ត្រង់",
                                             "ល្ងាច",
                                             "យប់",
                                             "ចូលគេង",
                                             NULL};

static bool take_one_of(const char **at, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (trn_words_take(at, *words)) {
            return true;
        }
    }
    return false;
}

static bool ends_in_one_of(const char *words, size_t size, const char *const *ends)
{
    for (; *ends != NULL; ends++) {
        size_t end = strlen(*ends);

        if (size >= end && memcmp(words + size - end, *ends, end) == 0) {
            return true;
        }
    }
    return false;
}

/* "Rest", and not "do not rest". */
static bool ends_in_rest(const char *words, size_t size)
{
    for (const char *const *rest = khmer_rest; *rest != NULL; rest++) {
        const char *const one[] = {*rest, NULL};

        if (ends_in_one_of(words, size, one) &&
            !ends_in_one_of(words, size - strlen(*rest), khmer_not)) {
            return true;
        }
    }
    return false;
}

/* An amount that stands before "day", which is a time of the day there. */
static bool is_amount(const char *words, size_t before)
{
    return (before > 0 && words[before - 1] == '/') ||
           ends_in_one_of(words, before, khmer_times_of_day);
}

static bool take_numeral(const char **at, double *number)
{
    for (size_t i = 0; i < sizeof(numerals) / sizeof(numerals[0]); i++) {
        if (trn_words_take(at, numerals[i].word)) {
            *number += numerals[i].number;
            return true;
        }
    }
    return false;
}

static bool take_count(const char **at, double *ret_number)
{
    const char *start = *at;

    *ret_number = 0;
    if (is_digit(**at)) {
        pass_number(at, ret_number);
        return true;
    }
    while (take_numeral(at, ret_number)) {
    }
    return *at > start;
}

/* A number; of a range the higher one; 0 where none stands there. */
static double take_khmer_number(const char **at)
{
    double number = 0;
    double to;
    const char *rest;

    if (!take_count(at, &number)) {
        return 0;
    }
    rest = *at;
    if (take_one_of(&rest, khmer_to) && take_count(&rest, &to)) {
        *at = rest;
        number = to;
    }
    return number;
}

/* Some days, then "once", "two times" or "one tablet". */
static bool says_how_often(const char *rest, bool is_lasting)
{
    bool is_direct = !take_one_of(&rest, khmer_take);

    if (trn_words_take(&rest, khmer_once)) {
        return true;
    }
    return !is_lasting && take_khmer_number(&rest) > 0 && !trn_words_take(&rest, khmer_day) &&
           (is_direct || trn_words_take(&rest, khmer_times));
}

/* What stands before and behind so many days, or a day without a number. */
static bool are_days_apart(const char *words, size_t before, double number, const char *rest)
{
    if (number > 0 && is_amount(words, before)) {
        return false;
    }
    if (ends_in_rest(words, before)) {
        return true;
    }
    if (number <= 1 && take_one_of(&rest, khmer_rest)) {
        return true;
    }
    if (number == 0) {
        return trn_words_take(&rest, khmer_once);
    }
    return number > 1 && (ends_in_one_of(words, before, khmer_every) ||
                          says_how_often(rest, ends_in_one_of(words, before, khmer_lasting)));
}

static bool pass_a_day_in_khmer(const char *words)
{
    const char *at = words;

    while (*at != '\0') {
        const char *start = at;
        double number = take_khmer_number(&at);

        if (trn_words_take(&at, khmer_day)) {
            if (are_days_apart(words, (size_t)(start - words), number, at)) {
                return true;
            }
        } else if (number > DAY_HOURS && trn_words_take(&at, khmer_hour)) {
            return true;
        } else if (at == start) {
            do {
                at++;
            } while (is_within(*at));
        }
    }
    return holds_one_of(words, khmer_periods) ||
           (holds_one_of(words, khmer_once_only) && !holds_one_of(words, khmer_each_day));
}

bool trn_words_pass_a_day(const char *words)
{
    char plain[PLAIN_BYTES];

    if (!make_plain(words, plain) || pass_a_day_in_latin(plain)) {
        return true;
    }
    drop_spaces(plain);
    return pass_a_day_in_khmer(plain);
}
