/* UTF-8 as RFC 3629 has it, at the edges of every range. */
#include "base/text.h"

#include <string.h>

#include "base/memory.h"
#include "tests/harness/harness.h"

static const char *const valid[] = {
    "",
    "plain",
    "\x7F",
    "\xC2\x80",
    "\xDF\xBF",
    "\xE0\xA0\x80",
    "\xED\x9F\xBF",
    "\xEE\x80\x80",
    "\xEF\xBF\xBF",
    "\xF0\x90\x80\x80",
    "\xF4\x8F\xBF\xBF",
    "\xE1\x9E\x90\xE1\x9F\x92\xE1\x9E\x93\xE1\x9E\xB6\xE1\x9F\x86", /* Khmer */
    "\xF0\x9F\x92\x8A",
};

static const char *const invalid[] = {
    "\x80",             /* continuation alone */
    "\xC0\x80",         /* overlong */
    "\xC1\xBF",         /* overlong */
    "\xC2",             /* cut off */
    "\xC2x",            /* not continued */
    "\xE0\x9F\xBF",     /* overlong */
    "\xED\xA0\x80",     /* surrogate */
    "\xED\xBF\xBF",     /* surrogate */
    "\xE1\x9E",         /* cut off */
    "\xE1\x9Ex",        /* not continued */
    "\xF0\x8F\xBF\xBF", /* overlong */
    "\xF4\x90\x80\x80", /* above U+10FFFF */
    "\xF5\x80\x80\x80", /* above U+10FFFF */
    "\xF0\x9F\x92",     /* cut off */
    "\xFF",
    "good\xFE",
};

/* A text with so many ASCII characters before and behind it; the same buffer each time. */
static struct trn_slice padded(const char *text, size_t before, size_t behind)
{
    static char room[64];
    size_t size = strlen(text);

    memset(room, 'x', sizeof room);
    memcpy(room + before, text, size);
    return trn_slice_make(room, before + size + behind);
}

TEST(valid_text_is_taken_and_anything_else_refused)
{
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        CHECK(trn_utf8_is_valid(trn_slice_text(valid[i])));
    }
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        CHECK(!trn_utf8_is_valid(trn_slice_text(invalid[i])));
    }
    CHECK(trn_utf8_is_valid(trn_slice_make("a\0b", 3)));
}

/* Wherever in a longer text, and whatever comes behind it. */
TEST(valid_text_is_taken_at_every_place)
{
    for (size_t before = 0; before <= 17; before++) {
        for (size_t behind = 0; behind <= 17; behind++) {
            for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
                CHECK(trn_utf8_is_valid(padded(valid[i], before, behind)));
            }
            for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
                CHECK(!trn_utf8_is_valid(padded(invalid[i], before, behind)));
            }
        }
    }
}

TEST(characters_are_counted_not_bytes)
{
    CHECK_INT(trn_utf8_count(trn_slice_text("")), 0);
    CHECK_INT(trn_utf8_count(trn_slice_text("abc")), 3);
    CHECK_INT(trn_utf8_count(trn_slice_text("\xE1\x9E\x90\xF0\x9F\x92\x8A\xC2\x80")), 3);
}

TEST(a_text_cut_anywhere_keeps_its_whole_characters)
{
    const char *text = "a\xC2\x80\xE1\x9E\x90\xF0\x9F\x92\x8Az";
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};

    CHECK_INT(strlen(text), 11);
    for (size_t size = 0; size <= strlen(text); size++) {
        CHECK_INT(trn_utf8_whole(trn_slice_make(text, size)), expected[size]);
    }
}

TEST(a_copy_is_whole_or_absent)
{
    unsigned failures = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        char *copy = trn_text_copy(trn_slice_make("amlodipine", 4));

        failures += copy == NULL;
        CHECK(copy == NULL || strcmp(copy, "amlo") == 0);
        trn_free(copy);
    }
    CHECK_INT(failures, 1);
}

TEST(the_copy_of_nothing_is_an_empty_text)
{
    char *copy = trn_text_copy(trn_slice_make(NULL, 0));

    CHECK_TEXT(copy, "");
    trn_free(copy);
}

TEST(printed_text_steers_no_terminal_and_ends_with_a_whole_character)
{
    char buffer[8];
    char room[64];

    trn_utf8_print(trn_slice_text("\xE1\x9E\x90\xE1\x9E\x90\xE1\x9E\x90"), buffer, sizeof buffer);
    CHECK_TEXT(buffer, "\xE1\x9E\x90\xE1\x9E\x90");
    trn_utf8_print(trn_slice_text("1234567"), buffer, sizeof buffer);
    CHECK_TEXT(buffer, "1234567");
    trn_utf8_print(trn_slice_text("12345678"), buffer, sizeof buffer);
    CHECK_TEXT(buffer, "1234567");
    trn_utf8_print(trn_slice_text("a"), buffer, 1);
    CHECK_TEXT(buffer, "");
    trn_utf8_print(trn_slice_text("a\tb\x1B[1mc\x7F\xC2\x85\xC2\xA0."), room, sizeof room);
    CHECK_TEXT(room, "a b [1mc  \xC2\xA0.");
    trn_utf8_print(trn_slice_text("\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xAE\xE2\x80\xAF"),
                   room,
                   sizeof room);
    CHECK_TEXT(room, "\xE2\x80\xA7  \xE2\x80\xAF");
    trn_utf8_print(trn_slice_text("\xE2\x80\x8D\xE2\x80\x8E\xE2\x80\x8F\xE2\x80\x90"),
                   room,
                   sizeof room);
    CHECK_TEXT(room, "\xE2\x80\x8D  \xE2\x80\x90");
    trn_utf8_print(trn_slice_text("\xE2\x81\xA5\xE2\x81\xA6\xE2\x81\xA9\xE2\x81\xAA"),
                   room,
                   sizeof room);
    CHECK_TEXT(room, "\xE2\x81\xA5  \xE2\x81\xAA");
}

TEST(a_line_ends_before_its_line_end_and_raw_bytes_end_where_they_end)
{
    static const struct {
        const char *bytes;
        size_t size;
        size_t line;
    } cases[] = {
        {"secret\n", 7, 6},
        {"secret\r\n", 8, 6},
        {"secret", 6, 6},
        {"\xE1\x9E\x90\n", 4, 3},
        {"secret\n\n", 8, 8},
        {"secret\r", 7, 7},
        {"\x9F\x12 raw\n", 7, 7},
        {"\x7F\n", 2, 2},
        {"nul\0\n", 5, 5},
        {"\n", 1, 0},
        {"", 0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trn_slice bytes = trn_slice_make((const uint8_t *)cases[i].bytes, cases[i].size);

        CHECK_INT(trn_text_line(bytes).size, cases[i].line);
    }
}
