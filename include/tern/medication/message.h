/**
 * Sentences for people, in Khmer and English: what a problem means, what a reminder or an alert
 * says, and dates and times as they are written there.
 *
 * Names of months, days and periods of the day, the order of a date, units and the decimal sign are
 * facts of the Unicode CLDR (release 41), which also gives Khmer the digits 0 to 9 by default; its
 * own are asked for with `native_digits`.
 *
 * Every function writes a NUL-terminated text into the caller's buffer, cut between characters
 * where it is too small, and returns the bytes that the whole text takes without the NUL; a buffer
 * of size 0 may be NULL. It returns 0, and writes an empty text, where an argument is missing or
 * out of range. Nothing is allocated. Any thread.
 */
#ifndef TERN_MESSAGE_H
#define TERN_MESSAGE_H

#include "tern/medication/settings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tern_locale {
    size_t size; /* sizeof(tern_locale) */
    tern_language language;
    bool native_digits; /* Khmer digits in Khmer; texts of the caller's stay as they are */
} tern_locale;

/** What a failed call means for the person who made it, and what to do. Where the engine failed,
 * its stable code is named and nothing of the record. */
TERN_API size_t tern_say_problem(const tern_locale *locale,
                                 const tern_care_error *error,
                                 char *buffer,
                                 size_t size);

/** A date with the month's name, such as "November 21, 2026"; with its weekday before. */
TERN_API size_t tern_say_date(const tern_locale *locale,
                              const char *local_date,
                              bool weekday,
                              char *buffer,
                              size_t size);

/** A time of the day with its period, such as "7:00 in the morning".
 *
 * @param minute Of the local day, 0 to 1439. */
TERN_API size_t tern_say_time(const tern_locale *locale, int32_t minute, char *buffer, size_t size);

/** A length of time in its two largest units of days, hours and minutes. `minutes` is not negative.
 */
TERN_API size_t tern_say_span(const tern_locale *locale,
                              int64_t minutes,
                              char *buffer,
                              size_t size);

typedef enum tern_notice {
    TERN_NOTICE_REMINDER = 0,      /* a dose is due */
    TERN_NOTICE_REPEAT = 1,        /* and was not recorded yet */
    TERN_NOTICE_MISSED = 2,        /* for the family: a dose was missed */
    TERN_NOTICE_URGENT_CHANGE = 3, /* a prescription changed urgently */
    TERN_NOTICE_CHANGE = 4,        /* a prescription changed */
    TERN_NOTICE_CONNECTION = 5,    /* someone asks to be connected */
    TERN_NOTICE_GOES_ON = 6        /* a prescription that was ended goes on: somebody who had not
                                      heard changed its state later */
} tern_notice;

typedef enum tern_meal_relation {
    TERN_MEAL_NONE = 0,
    TERN_MEAL_BEFORE = 1,
    TERN_MEAL_AFTER = 2
} tern_meal_relation;

/** What a notice is about; texts are NUL-terminated, borrowed, and NULL where there is none. */
typedef struct tern_notice_words {
    size_t size;            /* sizeof(tern_notice_words) */
    const char *person;     /* whom it is about, or who asks */
    const char *medicine;   /* its name in the reader's language */
    const char *amount;     /* such as "1 tablet" */
    const char *local_date; /* YYYY-MM-DD */
    const char *reason;
    int32_t minute; /* of the local day; negative: none */
    tern_meal_relation meal;
    bool late; /* it could not be sent in time: the notice says so */
} tern_notice_words;

/** The title: it tells no name and no medicine, as a locked screen shows it. */
TERN_API size_t tern_say_title(const tern_locale *locale,
                               tern_notice notice,
                               char *buffer,
                               size_t size);

/** The text beneath the title, of those words that are given. */
TERN_API size_t tern_say_notice(const tern_locale *locale,
                                tern_notice notice,
                                const tern_notice_words *words,
                                char *buffer,
                                size_t size);

#ifdef __cplusplus
}
#endif
#endif
