/* The log: one line each, cut at a whole character, silent without a sink. */
#include "base/log.h"

#include <string.h>

#include "base/text.h"
#include "tests/harness/harness.h"

struct sink {
    char line[TRN_LOG_LINE_BYTES];
    tern_log_level level;
    unsigned count;
};

static void keep(void *context, tern_log_level level, const char *message)
{
    struct sink *sink = context;

    sink->level = level;
    sink->count++;
    CHECK(strlen(message) < sizeof(sink->line));
    strcpy(sink->line, message);
}

TEST(a_line_reaches_the_sink_with_its_level)
{
    struct sink sink = {0};
    const tern_log_port log = {.context = &sink, .write = keep};

    trn_log(&log, TERN_LOG_WARNING, "%s: %d rows", "sync", 3);
    CHECK_INT(sink.level, TERN_LOG_WARNING);
    CHECK_TEXT(sink.line, "sync: 3 rows");
}

TEST(a_message_cannot_forge_a_second_line)
{
    struct sink sink = {0};
    const tern_log_port log = {.context = &sink, .write = keep};

    trn_log(&log, TERN_LOG_ERROR, "%s", "one\nERROR two\r\x1B[31m\x7F");
    CHECK_TEXT(sink.line, "one ERROR two  [31m ");
    CHECK_INT(sink.count, 1);
}

TEST(a_long_line_is_cut_at_a_whole_character)
{
    struct sink sink = {0};
    const tern_log_port log = {.context = &sink, .write = keep};
    char emoji[TRN_LOG_LINE_BYTES * 2] = "";

    for (size_t i = 0; i < 200; i++) {
        strcat(emoji, "\xF0\x9F\x92\x8A");
    }
    trn_log(&log, TERN_LOG_INFO, "%s", emoji);
    CHECK(trn_utf8_is_valid(trn_slice_text(sink.line)));
    CHECK(strlen(sink.line) >= TRN_LOG_LINE_BYTES - 4);
}

TEST(without_a_sink_nothing_happens)
{
    const tern_log_port silent = {0};

    trn_log(NULL, TERN_LOG_ERROR, "nobody");
    trn_log(&silent, TERN_LOG_ERROR, "nobody");
}
