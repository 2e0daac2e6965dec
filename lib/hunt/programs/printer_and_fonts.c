/* The printer asks for a font while it holds its own lock; the font cache reports to the printer while it
 * holds its own.
 *
 * Shows when: each holds its own lock and waits for the other's.
 * Preemptions: 1.
 * Finding: deadlock, lock-order.
 */
#include <pthread.h>

static pthread_mutex_t printer_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t font_lock = PTHREAD_MUTEX_INITIALIZER;
static int pages; /* protected by printer_lock */
static int fonts; /* protected by font_lock */

static void *print(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&printer_lock);
    pages++;
    pthread_mutex_lock(&font_lock);
    fonts++;
    pthread_mutex_unlock(&font_lock);
    pthread_mutex_unlock(&printer_lock);
    return NULL;
}

static void *tidy_fonts(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&font_lock);
    fonts--;
#ifdef FIXED
    pthread_mutex_unlock(&font_lock);
    pthread_mutex_lock(&printer_lock);
    pages--;
    pthread_mutex_unlock(&printer_lock);
#else
    pthread_mutex_lock(&printer_lock);
    pages--;
    pthread_mutex_unlock(&printer_lock);
    pthread_mutex_unlock(&font_lock);
#endif
    return NULL;
}

int main(void)
{
    pthread_t printer;
    pthread_t tidier;
    pthread_create(&printer, NULL, print, NULL);
    pthread_create(&tidier, NULL, tidy_fonts, NULL);
    pthread_join(printer, NULL);
    pthread_join(tidier, NULL);
    return pages == 0 && fonts == 0 ? 0 : 1;
}
