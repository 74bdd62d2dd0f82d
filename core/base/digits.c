/* Numbers: integers by hand, reals by the C library with its decimal point put right. */
#include "base/digits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REAL_TEXT_MAX = 400, POINT_BYTES_MAX = 8, EXACT_DIGITS = 15 };

size_t trn_integer_format(int64_t integer, char ret_text[TRN_NUMBER_BYTES])
{
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    char digits[TRN_NUMBER_BYTES];
    size_t at = sizeof(digits);
    size_t size;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (integer < 0) {
        digits[--at] = '-';
    }
    size = sizeof(digits) - at;
    memcpy(ret_text, digits + at, size);
    return size;
}

/* The locale's decimal point, found by printing rather than by localeconv, which no other thread
 * may then disturb. */
static size_t decimal_point(char ret_point[POINT_BYTES_MAX + 1])
{
    char half[POINT_BYTES_MAX + 3];
    int size = snprintf(half, sizeof(half), "%.1f", 0.5);

    if (size < 3 || size >= (int)sizeof(half)) {
        ret_point[0] = '.';
        return 1;
    }
    memcpy(ret_point, half + 1, (size_t)size - 2);
    return (size_t)size - 2;
}

/* Puts '.' where the locale's point is. Returns the new size. */
static size_t put_point_right(char *text, size_t size)
{
    char point[POINT_BYTES_MAX + 1];
    size_t point_size;

    for (size_t i = 0; i < size; i++) {
        if (strchr("0123456789-+eE.", text[i]) == NULL) {
            point_size = decimal_point(point);
            text[i] = '.';
            memmove(text + i + 1, text + i + point_size, size - i - point_size);
            return size - point_size + 1;
        }
    }
    return size;
}

size_t trn_real_format(double real, char ret_text[TRN_NUMBER_BYTES])
{
    char text[TRN_NUMBER_BYTES];
    int size;

    if (!isfinite(real)) {
        return 0;
    }
    if (real == 0) { /* -0 is no other number, and SQLite keeps none */
        real = 0;
    }
    size = snprintf(text, sizeof(text), "%.15g", real);
    if (strtod(text, NULL) != real) {
        size = snprintf(text, sizeof(text), "%.17g", real);
    }
    if (size <= 0 || size >= (int)sizeof(text)) {
        return 0;
    }
    size = (int)put_point_right(text, (size_t)size);
    memcpy(ret_text, text, (size_t)size);
    return (size_t)size;
}

/* Few digits and a small power of ten: both exact as reals, so one operation rounds once. */
static bool parse_exactly(struct trn_slice text, double *ret_real)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    bool negative = text.data[0] == '-';
    int64_t mantissa = 0;
    size_t digits = 0;
    size_t fraction = 0;
    bool is_fraction = false;

    for (size_t i = negative ? 1 : 0; i < text.size; i++) {
        if (text.data[i] == '.') {
            is_fraction = true;
            continue;
        }
        if (text.data[i] < '0' || text.data[i] > '9' || ++digits > EXACT_DIGITS) {
            return false;
        }
        mantissa = mantissa * 10 + (text.data[i] - '0');
        fraction += is_fraction;
    }
    *ret_real = (double)mantissa / powers[fraction];
    if (negative) {
        *ret_real = -*ret_real;
    }
    return true;
}

bool trn_real_parse(struct trn_slice text, double *ret_real)
{
    char copy[REAL_TEXT_MAX + POINT_BYTES_MAX + 1];
    char point[POINT_BYTES_MAX + 1];
    size_t size = 0;
    double real;

    if (parse_exactly(text, ret_real)) {
        return true;
    }
    if (text.size > REAL_TEXT_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '.') {
            size_t point_size = decimal_point(point);

            memcpy(copy + size, point, point_size);
            size += point_size;
        } else {
            copy[size++] = (char)text.data[i];
        }
    }
    copy[size] = '\0';
    real = strtod(copy, NULL);
    if (!isfinite(real)) {
        return false;
    }
    *ret_real = real;
    return true;
}
