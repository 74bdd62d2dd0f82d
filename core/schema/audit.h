/* The tables that every schema has beside those of its document. */
#ifndef TRN_SCHEMA_AUDIT_H
#define TRN_SCHEMA_AUDIT_H

/* The document of the implied tables. */
extern const char trn_audit_document[];

#endif
