/** The fixed words in which frequencies and timings stand: read, never guessed. */
#ifndef TRN_MEDICATION_WORDS_H
#define TRN_MEDICATION_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trn_unit {
    TRN_UNIT_SECOND,
    TRN_UNIT_MINUTE,
    TRN_UNIT_HOUR,
    TRN_UNIT_DAY,
    TRN_UNIT_WEEK,
    TRN_UNIT_MONTH,
    TRN_UNIT_YEAR
};

/** `times` (up to `times_max`) every `period` (up to `period_max`) units; a maximum is 0 where none
 * is named. */
struct trn_rate {
    bool is_counted; /* the words say how many times; "every 2 days" does not */
    double times;
    double times_max;
    double period;
    double period_max;
    enum trn_unit unit;
};

/** Reads words such as "twice a day", "every 4-6 hours", "3-4 times every 1.5 weeks". False, and
 * `ret_rate` untouched, for all else: two phrases, words for people. */
bool trn_rate_read(const char *words, struct trn_rate *ret_rate);

/** The word for a unit, such as "hour". */
const char *trn_unit_word(enum trn_unit unit);

/** So many times in so many units. */
struct trn_frequency {
    bool is_counted; /* as of a rate */
    int32_t times;
    int32_t period;
    enum trn_unit unit;
};

/** Reads such a rate where a schedule can be made of it. False, and `ret_frequency` untouched, for
 * all else: ranges, fractions, seconds, two phrases. */
bool trn_frequency_read(const char *words, struct trn_frequency *ret_frequency);

/** Whether words that are no such rate speak of a period of more than a day, such as "weekly" or
 * "every 2-3 days", or of one dose only, in English, in Khmer, or as prescriptions have it in Latin
 * and French. Whichever spaces and invisible characters part the words, they are the same. It says
 * so rather once too often, and of what is longer than any column's text: what it overlooks is
 * taken to be for each day. */
bool trn_words_pass_a_day(const char *words);

/** Takes `word` from the front, if it stands there. */
bool trn_words_take(const char **at, const char *word);

/** What one phrase of a timing is. */
enum trn_phrase_kind {
    TRN_PHRASE_WORDS,  /* for people */
    TRN_PHRASE_TIME,   /* HH:MM */
    TRN_PHRASE_DAY,    /* of the week */
    TRN_PHRASE_MOMENT, /* a code of HL7's, such as "PCM" */
    TRN_PHRASE_AS_NEEDED
};

struct trn_phrase {
    enum trn_phrase_kind kind;
    int32_t minute;   /* of the day, of a time */
    unsigned weekday; /* 0 for Sunday */
    unsigned slots;   /* into which a moment falls */
    bool before_meal; /* a moment's */
};

/** Tells what the phrase is. */
void trn_phrase_read(const char *phrase, size_t size, struct trn_phrase *ret_phrase);

/** Moves `at` to the first phrase, or behind the phrase before, and gives the size of the one that
 * stands there; false at the end. */
bool trn_phrase_next(const char **at, size_t *size);

enum { TRN_TIMING_TIMES_MAX = 24 };

/** What stands in a timing besides words for people. */
struct trn_timing {
    unsigned weekdays; /* set of bits, 1 for Sunday */
    unsigned slots;    /* by codes of a moment, such as "PCM" */
    unsigned before_meal;
    bool is_of_meals; /* a code says how it stands to meals, and not to which */
    bool as_needed;
    size_t count;
    int32_t minutes[TRN_TIMING_TIMES_MAX]; /* times of day, ascending */
};

/** Reads phrases between semicolons; those it does not know are for people and passed over. False
 * where there are more times than anybody takes, or one stands there twice. */
bool trn_timing_read(const char *words, struct trn_timing *ret_timing);

#endif
