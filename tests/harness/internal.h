/* What the harness's own files share. */
#ifndef TERN_TEST_HARNESS_INTERNAL_H
#define TERN_TEST_HARNESS_INTERNAL_H

/* Puts the failing allocators in place; before any test, once. */
void harness_fault_install(void);
/* No failure is armed any more; a test may have left its loop by a failed check. */
void harness_fault_reset(void);
/* Removes the folders that the test made. */
void harness_files_reset(void);

#endif
