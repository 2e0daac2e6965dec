/* What a document has to be besides what its schema can say: that its parts fit together. Private to
 * document.c. Pure functions; any thread.
 */
#ifndef MILL_HARNESS_DOCUMENT_CHECKS_H
#define MILL_HARNESS_DOCUMENT_CHECKS_H

#include <jansson.h>

#include "core/error.h"

/* `root` is valid by the schema of its format. 0, or -EBADMSG with the place and what is wrong there. */
int mill_document_check_parts(const json_t *root, struct mill_error *error);

#endif
