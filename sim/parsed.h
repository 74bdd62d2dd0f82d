/*
 * Schema documents that the simulator has parsed already. Whoever parses one of them anew gets what
 * came of it then: each opening of a device's file would parse its document, which takes as long as
 * some thirty transactions. Where memory is about to run out it is parsed in earnest, as where a
 * document is not known.
 */
#ifndef TERN_SIM_PARSED_H
#define TERN_SIM_PARSED_H

struct trn_schema;

/* From now on the text need not be parsed again. What it says is never freed. */
void sim_parsed_keep(const struct trn_schema *schema);

#endif
