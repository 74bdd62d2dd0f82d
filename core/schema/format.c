/* The patterns of the formats, and GLOB over UTF-8. */
#include "schema/format.h"

#include <string.h>

#include "base/assert.h"

#define ALNUM "[A-Za-z0-9]"
#define ALNUM_9 ALNUM ALNUM ALNUM ALNUM ALNUM ALNUM ALNUM ALNUM ALNUM
#define HEX "[0-9A-Fa-f]"

/* clang-format off */
static const struct trn_format_rule rules[] = {
    [TRN_FORMAT_NONE] = {.count = 0},
    [TRN_FORMAT_EMAIL] = {.count = 1, .alternatives = {
        {.like = "?*@?*.?*\0",
         .unlike = "*[^!-~]*\0" "*@*@*\0" ".*\0" "*..*\0" "*.@*\0" "*@.*\0" "*.\0" "*[(),:;<>]*\0"},
    }},
    [TRN_FORMAT_USERNAME] = {.count = 1, .alternatives = {
        {.like = "?*\0", .unlike = "*[^A-Za-z0-9@.+_-]*\0"},
    }},
    [TRN_FORMAT_PHONE] = {.count = 1, .alternatives = {
        {.like = "[0-9(+]*\0" "*[0-9]*[0-9]*[0-9]*[0-9]*[0-9]*\0",
         .unlike = "*[^0-9 ().+-]*\0" "?*+*\0"},
    }},
    [TRN_FORMAT_URL] = {.count = 2, .alternatives = {
        {.like = "http://[^/]*\0", .unlike = "*[^!-~]*\0"},
        {.like = "https://[^/]*\0", .unlike = "*[^!-~]*\0"},
    }},
    [TRN_FORMAT_TIME_OF_DAY] = {.count = 4, .alternatives = {
        {.like = "[01][0-9]:[0-5][0-9]\0", .unlike = ""},
        {.like = "2[0-3]:[0-5][0-9]\0", .unlike = ""},
        {.like = "[01][0-9]:[0-5][0-9]:[0-5][0-9]\0", .unlike = ""},
        {.like = "2[0-3]:[0-5][0-9]:[0-5][0-9]\0", .unlike = ""},
    }},
    [TRN_FORMAT_TIME_ZONE] = {.count = 1, .alternatives = {
        {.like = "[A-Za-z]*\0", .unlike = "*[^A-Za-z0-9_+/-]*\0" "*//*\0" "*/\0"},
    }},
    [TRN_FORMAT_IP_ADDRESS] = {.count = 3, .alternatives = {
        {.like = "[0-9]*.[0-9]*.[0-9]*.[0-9]*\0",
         .unlike = "*[^0-9.]*\0" "*.*.*.*.*\0" "*[0-9][0-9][0-9][0-9]*\0" "*..*\0"
                   "*[3-9][0-9][0-9]*\0" "*2[6-9][0-9]*\0" "*25[6-9]*\0" "0[0-9]*\0" "*.0[0-9]*\0"
                   "*.\0"},
        {.like = "*::*\0",
         .unlike = "*[^0-9A-Fa-f:.]*\0" "*:::*\0" "*::*::*\0"
                   "*" HEX HEX HEX HEX HEX "*\0" "*:*:*:*:*:*:*:*:*\0" ":[^:]*\0"
                   "*[^:]:\0" "*.*:*\0" "*..*\0"},
        {.like = HEX "*:" HEX "*:" HEX "*:" HEX "*:" HEX "*:" HEX "*:" HEX "*:" HEX "*\0",
         .unlike = "*[^0-9A-Fa-f:]*\0" "*::*\0" "*" HEX HEX HEX HEX HEX "*\0"
                   "*:*:*:*:*:*:*:*:*\0"},
    }},
    [TRN_FORMAT_LANGUAGE_TAG] = {.count = 1, .alternatives = {
        {.like = "[A-Za-z][A-Za-z]*\0",
         .unlike = "*[^A-Za-z0-9-]*\0" "*--*\0" "*-\0" "*" ALNUM_9 "*\0"},
    }},
};
/* clang-format on */

const struct trn_format_rule *trn_format_rule(enum trn_format format)
{
    TRN_ASSERT((size_t)format < sizeof(rules) / sizeof(rules[0]));

    return &rules[format];
}

const char *trn_format_next(const char *pattern)
{
    return pattern + strlen(pattern) + 1;
}

/* Bytes of the character at `at`. */
static size_t character_size(struct trn_slice text, size_t at)
{
    size_t size = 1;

    while (at + size < text.size && (text.data[at + size] & 0xC0) == 0x80) {
        size++;
    }
    return size;
}

/* Whether `byte` is in the set whose members begin at `set`; `ret_end` is behind its ']'. A
 * character beyond ASCII is in no set of ours, which hold ASCII alone. */
static bool is_in_set(const char *set, uint8_t byte, const char **ret_end)
{
    bool is_inverted = *set == '^';
    bool is_found = false;
    const char *at = set + (is_inverted ? 1 : 0);

    while (*at != ']') {
        if (at[1] == '-' && at[2] != ']') {
            is_found = is_found || (byte >= (uint8_t)at[0] && byte <= (uint8_t)at[2]);
            at += 3;
        } else {
            is_found = is_found || byte == (uint8_t)*at;
            at++;
        }
    }
    *ret_end = at + 1;
    return is_found != is_inverted;
}

/* One step of a pattern without `*`: whether it takes the character at `at`. */
static bool takes(const char *pattern, uint8_t byte, const char **ret_next)
{
    if (*pattern == '[') {
        return is_in_set(pattern + 1, byte, ret_next);
    }
    *ret_next = pattern + 1;
    return *pattern == '?' || (uint8_t)*pattern == byte;
}

bool trn_glob(const char *pattern, struct trn_slice text)
{
    const char *star = NULL; /* behind the last `*` */
    size_t retry = 0;        /* where its remainder is tried next */
    size_t at = 0;

    while (at < text.size) {
        const char *next = pattern;

        if (*pattern == '*') {
            star = ++pattern;
            retry = at;
        } else if (*pattern != '\0' && takes(pattern, text.data[at], &next)) {
            pattern = next;
            at += character_size(text, at);
        } else if (star != NULL) {
            retry += character_size(text, retry);
            at = retry;
            pattern = star;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static bool fits_alternative(const struct trn_format_alternative *alternative,
                             struct trn_slice text)
{
    for (const char *like = alternative->like; *like != '\0'; like = trn_format_next(like)) {
        if (!trn_glob(like, text)) {
            return false;
        }
    }
    for (const char *no = alternative->unlike; *no != '\0'; no = trn_format_next(no)) {
        if (trn_glob(no, text)) {
            return false;
        }
    }
    return true;
}

bool trn_format_fits(enum trn_format format, struct trn_slice text)
{
    const struct trn_format_rule *rule = trn_format_rule(format);

    for (size_t i = 0; i < rule->count; i++) {
        if (fits_alternative(&rule->alternatives[i], text)) {
            return true;
        }
    }
    return false;
}
