/* A small reader of one NDJSON array line that yields its values in place, for measuring what a
 * streaming reader costs.
 *
 * It trusts its input more than a product may: it is a yardstick, not the product's reader. Strings
 * are unescaped in place. */
#ifndef CHOICES_READER_H
#define CHOICES_READER_H

#include <stddef.h>
#include <stdint.h>

enum token_kind { TOKEN_END, TOKEN_NULL, TOKEN_INT, TOKEN_REAL, TOKEN_STRING, TOKEN_BAD };

struct token {
    enum token_kind kind;
    int64_t integer;
    double real;
    unsigned char *text;
    size_t size;
};

struct reader {
    unsigned char *at;
    unsigned char *end;
};

/* The next value of the line, TOKEN_END after its last. */
struct token reader_next(struct reader *reader);
int decode_base64(const unsigned char *text, size_t size, unsigned char out[16]);
int decode_hex(const unsigned char *text, size_t size, unsigned char out[16]);

#endif
