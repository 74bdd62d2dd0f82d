/* A scanner of tokens: enough to find a clause, not to understand a statement. */
#include "store/words.h"

#include <string.h>

#include <sqlite3.h>

struct scan {
    const char *at;
    const char *end;
};

bool trn_words_have(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

static bool begins(const struct scan *scan, const char *text)
{
    size_t size = strlen(text);

    return (size_t)(scan->end - scan->at) >= size && memcmp(scan->at, text, size) == 0;
}

/* Moves behind the next `text`, or to the end. */
static void skip_behind(struct scan *scan, const char *text)
{
    while (scan->at < scan->end && !begins(scan, text)) {
        scan->at++;
    }
    scan->at += scan->at < scan->end ? strlen(text) : 0;
}

static void skip_blank(struct scan *scan)
{
    for (;;) {
        if (scan->at < scan->end && strchr(" \t\n\f\r", *scan->at) != NULL && *scan->at != '\0') {
            scan->at++;
        } else if (begins(scan, "--")) {
            skip_behind(scan, "\n");
        } else if (begins(scan, "/*")) {
            scan->at += 2;
            skip_behind(scan, "*/");
        } else {
            return;
        }
    }
}

/* The next word, or one other token, which gives the empty slice. False at the end. */
static bool next_token(struct scan *scan, struct trn_slice *ret_word)
{
    const char *start;

    skip_blank(scan);
    start = scan->at;
    *ret_word = trn_slice_make(NULL, 0);
    if (scan->at >= scan->end) {
        return false;
    }
    if (*start == '\'' || *start == '"' || *start == '`' || *start == '[') {
        const char quote[2] = {(char)(*start == '[' ? ']' : *start), '\0'};

        scan->at++;
        skip_behind(scan, quote); /* a doubled quote begins the next token, a string again */
        return true;
    }
    while (scan->at < scan->end && trn_words_have(*scan->at)) {
        scan->at++;
    }
    if (scan->at == start) {
        scan->at++;
    } else {
        *ret_word = trn_slice_make(start, (size_t)(scan->at - start));
    }
    return true;
}

static bool is(struct trn_slice word, const char *text)
{
    return word.size == strlen(text) &&
           sqlite3_strnicmp((const char *)word.data, text, (int)word.size) == 0;
}

/* "(" is no word, and RAISE is nothing but what triggers say. */
static bool is_conflict(const struct trn_slice before[2], struct trn_slice word)
{
    if (is(before[1], "REPLACE")) {
        return is(word, "INTO");
    }
    if (is(word, "FAIL") || is(word, "ROLLBACK")) {
        return is(before[0], "RAISE") ||
               (is(before[1], "OR") && (is(before[0], "INSERT") || is(before[0], "UPDATE")));
    }
    return is(word, "REPLACE") && is(before[1], "OR") &&
           (is(before[0], "INSERT") || is(before[0], "UPDATE"));
}

bool trn_words_conflict(struct trn_slice sql)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};
    struct trn_slice before[2] = {{NULL, 0}, {NULL, 0}};
    struct trn_slice word;

    while (next_token(&scan, &word)) {
        if (is_conflict(before, word)) {
            return true;
        }
        before[0] = before[1];
        before[1] = word;
    }
    return false;
}

bool trn_words_keep_half(struct trn_slice sql)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};
    struct trn_slice before = {NULL, 0};
    struct trn_slice word;

    while (next_token(&scan, &word)) {
        if (is(word, "FAIL") && is(before, "CONFLICT")) {
            return true;
        }
        before = word;
    }
    return false;
}

/* The name that stands next, in quotes or not. */
static struct trn_slice peek_name(struct scan scan)
{
    struct trn_slice word;
    const char *start;

    skip_blank(&scan);
    start = scan.at;
    if (!next_token(&scan, &word) || word.data != NULL || scan.at - start < 2) {
        return word;
    }
    return trn_slice_make(start + 1, (size_t)(scan.at - start) - 2);
}

bool trn_words_name(struct trn_slice sql,
                    bool (*is_taken)(const void *context, struct trn_slice name),
                    const void *context)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};
    struct trn_slice before = {NULL, 0};
    struct trn_slice word;

    while (next_token(&scan, &word)) {
        if ((is(word, "REFERENCES") || (is(word, "TO") && is(before, "RENAME"))) &&
            is_taken(context, peek_name(scan))) {
            return true;
        }
        before = word;
    }
    return false;
}

bool trn_words_if_not_exists(struct trn_slice sql, struct trn_slice *ret_name)
{
    static const char *const words[] = {"CREATE", "TABLE", "IF", "NOT", "EXISTS"};
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};
    struct trn_slice name;
    struct trn_slice word;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!next_token(&scan, &word) || !is(word, words[i])) {
            return false;
        }
    }
    name = peek_name(scan);
    (void)next_token(&scan, &word);
    skip_blank(&scan);
    if (begins(&scan, ".")) {
        if (!is(name, "main")) {
            return false;
        }
        scan.at++;
        name = peek_name(scan);
    }
    *ret_name = name;
    return name.size > 0;
}

static bool equal_words(struct trn_slice a, struct trn_slice b)
{
    return a.size == b.size &&
           sqlite3_strnicmp((const char *)a.data, (const char *)b.data, (int)a.size) == 0;
}

static bool contains(const char *from, const char *to, struct trn_slice part)
{
    for (; (size_t)(to - from) >= part.size; from++) {
        if (sqlite3_strnicmp(from, (const char *)part.data, (int)part.size) == 0) {
            return true;
        }
    }
    return false;
}

/* A literal in this place of the text: a string, or a number. */
static bool is_literal(const char *start, struct trn_slice word)
{
    return word.data == NULL ? strchr("'\"`[", *start) != NULL : *start >= '0' && *start <= '9';
}

bool trn_words_may_tell(struct trn_slice sql, struct trn_slice word)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};
    struct trn_slice token;
    bool tells = false;

    for (;;) {
        const char *start;

        skip_blank(&scan);
        start = scan.at;
        if (!next_token(&scan, &token)) {
            return tells;
        }
        if (is_literal(start, token)) {
            tells = tells || contains(start, scan.at, word);
        } else if (equal_words(token, word)) {
            return false;
        }
    }
}

bool trn_words_are_none(struct trn_slice sql)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};

    for (;;) {
        skip_blank(&scan);
        if (scan.at >= scan.end) {
            return true;
        }
        if (*scan.at != ';') {
            return false;
        }
        scan.at++;
    }
}

/* Moves behind the next word that is `text`, outside of parentheses. */
static bool find_word(struct scan *scan, const char *text, struct trn_slice *ret_word)
{
    int depth = 0;

    while (next_token(scan, ret_word)) {
        if (depth == 0 && is(*ret_word, text)) {
            return true;
        }
        if (ret_word->data == NULL) {
            depth += (scan->at[-1] == '(') - (scan->at[-1] == ')');
        }
    }
    return false;
}

static tern_status append_part(struct trn_bytes *sql, const char *from, const char *to)
{
    return trn_bytes_append(sql, from, (size_t)(to - from));
}

/* WHEN, empty without one, and BEGIN of a CREATE TRIGGER. */
static bool
find_condition(struct trn_slice sql, struct trn_slice *ret_when, struct trn_slice *ret_begin)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};
    struct scan behind;
    struct trn_slice word;

    if (!find_word(&scan, "TRIGGER", &word) || !find_word(&scan, "ON", &word) ||
        !next_token(&scan, &word)) {
        return false;
    }
    behind = scan;
    if (!find_word(&scan, "BEGIN", ret_begin)) {
        return false;
    }
    behind.end = (const char *)ret_begin->data;
    if (!find_word(&behind, "WHEN", ret_when)) {
        *ret_when = trn_slice_make(NULL, 0);
    }
    return true;
}

tern_status trn_words_limit_trigger(struct trn_slice sql, struct trn_bytes *limited)
{
    const char *start = (const char *)sql.data;
    const char *end = start + sql.size;
    struct trn_slice when;
    struct trn_slice begin;
    const char *body;
    const char *condition;
    tern_status status;

    if (!find_condition(sql, &when, &begin)) {
        return trn_bytes_append_slice(limited, sql);
    }
    body = (const char *)begin.data;
    condition = when.data != NULL ? (const char *)when.data : body;
    status = append_part(limited, start, condition);
    if (status == TERN_OK) {
        status = trn_bytes_append_text(limited, "WHEN tern_capturing() ");
    }
    if (status == TERN_OK && when.data != NULL) {
        status = trn_bytes_append_text(limited, "AND (");
        if (status == TERN_OK) {
            status = append_part(limited, condition + when.size, body);
        }
        if (status == TERN_OK) {
            status = trn_bytes_append_text(limited, ") ");
        }
    }
    return status == TERN_OK ? append_part(limited, body, end) : status;
}
