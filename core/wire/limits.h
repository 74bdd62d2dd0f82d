/* What the protocol bounds. A server may be set to other caps of requests, none above the body's.
 */
#ifndef TRN_WIRE_LIMITS_H
#define TRN_WIRE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define TRN_WIRE_STRING_MAX ((size_t)1 << 20)   /* bytes of one text, blob or envelope */
#define TRN_WIRE_TX_BYTES_MAX ((size_t)8 << 20) /* one entry */
/* The columns of a row as its line spells them, so that it goes out with a page that is not full.
 */
#define TRN_WIRE_ROW_BYTES_MAX ((size_t)7 << 20)
#define TRN_WIRE_TX_CHANGES_MAX ((size_t)50000) /* lines of one entry, its first left out */
/* Of one request: each costs the server as much as a row or more, and the verdicts of so many, all
 * with a sentence, fit into the mebibyte that an answer has beside its rows. */
#define TRN_WIRE_TXS_MAX ((size_t)2048)
#define TRN_WIRE_REQUEST_BYTES_MAX                                                                 \
    ((size_t)9 << 20)                              /* as sent: an entry that gzip cannot shrink    \
                                                    */
#define TRN_WIRE_BODY_BYTES_MAX ((size_t)16 << 20) /* decompressed */
/* At which an answer is closed: a row of such a size more, and it can still be taken. */
#define TRN_WIRE_PAGE_BYTES_MAX ((size_t)8 << 20)
#define TRN_WIRE_GZIP_ABOVE ((size_t)300)   /* smaller bodies gain nothing by gzip */
#define TRN_WIRE_SMALL_ABOVE ((size_t)64)   /* nor these by TRN_CODING_SMALL */
#define TRN_WIRE_SMALL_UP_TO ((size_t)4096) /* above, gzip does as well */
#define TRN_WIRE_ENVELOPE_DEPTH_MAX 8
/* Microseconds of the years 1 to 9999: what a server says of times. */
#define TRN_WIRE_TIME_MIN INT64_C(-62135596800000000)
#define TRN_WIRE_TIME_MAX INT64_C(253402300799999999)
#define TRN_WIRE_WINDOWS_MAX 16 /* that one request names */
#define TRN_WIRE_WINDOW_DAYS_MAX 36525

#endif
