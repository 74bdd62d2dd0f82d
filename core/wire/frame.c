/* Tags and ends. */
#include "wire/frame.h"

tern_status trn_frame_next(struct trn_line_reader *lines, char *ret_tag, tern_error *error)
{
    struct trn_slice tag;
    bool any = false;
    tern_status status = trn_line_next(lines, &any, error);

    if (status == TERN_OK && !any) {
        *ret_tag = '\0';
        return TERN_OK;
    }
    if (status == TERN_OK) {
        status = trn_line_read_text(lines, &tag, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (tag.size != 1) {
        return trn_line_fail(lines, TERN_ERR_PROTOCOL, "no tag of a line", error);
    }
    *ret_tag = (char)tag.data[0];
    return TERN_OK;
}

tern_status trn_frame_read_last(struct trn_line_reader *lines, tern_error *error)
{
    int64_t count = 0;
    tern_status status = trn_line_read_integer(lines, &count, error);

    if (status == TERN_OK) {
        status = trn_line_read_end(lines, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (count < 0 || (uint64_t)count != lines->count - 1) {
        return trn_line_fail(lines, TERN_ERR_PROTOCOL, "lines are missing", error);
    }
    if (lines->at != lines->body.size) {
        return trn_line_fail(lines, TERN_ERR_PROTOCOL, "more follows the end", error);
    }
    return TERN_OK;
}

tern_status trn_frame_fail_order(const struct trn_line_reader *lines, tern_error *error)
{
    return trn_line_fail(lines, TERN_ERR_PROTOCOL, "out of place", error);
}
