/** A text being said: written into a caller's buffer as far as that goes, and measured beyond. */
#ifndef TRN_MEDICATION_SAYING_H
#define TRN_MEDICATION_SAYING_H

#include "tern/medication/message.h"

struct trn_saying {
    const tern_locale *locale;
    char *buffer;
    size_t size;
    size_t length; /* of the whole text */
};

/** Begins an empty text; false where the locale or the buffer is none. */
bool trn_saying_begin(struct trn_saying *saying,
                      const tern_locale *locale,
                      char *buffer,
                      size_t size);
/** Ends it, cut between characters if need be. Returns its whole length. */
size_t trn_saying_end(struct trn_saying *saying);
/** Takes back all that was said. Returns 0. */
size_t trn_saying_drop(struct trn_saying *saying);

/** Our own words: digits are the locale's. */
void trn_say(struct trn_saying *saying, const char *text);
void trn_say_part(struct trn_saying *saying, const char *text, size_t count);
/** The caller's words, as they are. */
void trn_say_raw(struct trn_saying *saying, const char *text);
void trn_say_number(struct trn_saying *saying, int64_t number);

/** Each of these says nothing and returns false for what is out of range. */
bool trn_say_day(struct trn_saying *saying, const char *local_date, bool weekday);
bool trn_say_minute(struct trn_saying *saying, int32_t minute);
bool trn_say_minutes(struct trn_saying *saying, int64_t minutes);
/** Bytes as gigabytes of 2^30 with one decimal. */
bool trn_say_gigabytes(struct trn_saying *saying, int64_t bytes);

#endif
