/* A std::unique_lock without a name: it is let go of at the end of its own statement.
 *
 * Shows when: both read the count before either writes it. The race is there in every schedule.
 * Preemptions: 1.
 * Finding: race, exit.
 */
#include <mutex>
#include <thread>

namespace
{

std::mutex mutex;
int count;

void add()
{
#ifdef FIXED
    std::unique_lock<std::mutex> hold{mutex};
#else
    std::unique_lock<std::mutex>{mutex};
#endif
    count++;
}

} // namespace

int main()
{
    std::thread first(add);
    std::thread second(add);
    first.join();
    second.join();
    return count == 2 ? 0 : 1;
}
