/* What requests and answers share: the tag of a line, and the end of a body. */
#ifndef TRN_WIRE_FRAME_H
#define TRN_WIRE_FRAME_H

#include "wire/line.h"

/* The next line's one-letter tag; 0 where the body has no more lines. */
TERN_MUST_USE tern_status trn_frame_next(struct trn_line_reader *lines,
                                         char *ret_tag,
                                         tern_error *error);
/* Behind the tag of an end line: its count, and nothing more in the body. */
TERN_MUST_USE tern_status trn_frame_read_last(struct trn_line_reader *lines, tern_error *error);
/* TERN_ERR_PROTOCOL for a line that may not stand where it does. */
TERN_MUST_USE tern_status trn_frame_fail_order(const struct trn_line_reader *lines,
                                               tern_error *error);

#endif
