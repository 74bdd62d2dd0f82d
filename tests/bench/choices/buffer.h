/* A growing run of bytes; {0} is an empty one. Running out of memory ends the program. */
#ifndef CHOICES_BUFFER_H
#define CHOICES_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

struct buffer {
    unsigned char *data;
    size_t size;
    size_t capacity;
};

void buffer_reserve(struct buffer *buffer, size_t more);
void buffer_put(struct buffer *buffer, const void *bytes, size_t size);
void buffer_free(struct buffer *buffer);
/* Each of these writes one JSON value; bytes become base64 without padding. */
void buffer_put_int(struct buffer *buffer, int64_t value);
void buffer_put_base64(struct buffer *buffer, const unsigned char *bytes, size_t size);
void buffer_put_text(struct buffer *buffer, const unsigned char *text, size_t size);
void buffer_put_value(struct buffer *buffer, sqlite3_value *value);
/* Both append. */
size_t buffer_gzip(const void *data, size_t size, int level, struct buffer *ret_packed);
void buffer_gunzip(const void *data, size_t size, struct buffer *ret_plain);

#endif
