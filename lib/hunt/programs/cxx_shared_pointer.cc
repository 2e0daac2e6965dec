/* One thread copies a std::shared_ptr while another gives it a new value: its count is atomic, the pointer
 * itself is not.
 *
 * Shows when: the old value is freed while the copy is being made. The race is there in every schedule.
 * Preemptions: 1.
 * Finding: use-after-free, double-free, race, crash, exit.
 */
#include <memory>
#include <mutex>
#include <thread>

namespace
{

#ifdef FIXED
std::mutex mutex;
#endif
std::shared_ptr<int> current = std::make_shared<int>(1);

void look(int &seen)
{
#ifdef FIXED
    std::unique_lock<std::mutex> hold(mutex);
#endif
    std::shared_ptr<int> copy = current;
#ifdef FIXED
    hold.unlock();
#endif
    seen = *copy;
}

void replace()
{
    std::shared_ptr<int> made = std::make_shared<int>(2);
#ifdef FIXED
    std::lock_guard<std::mutex> hold(mutex);
#endif
    current = made;
}

} // namespace

int main()
{
    int seen = 0;
    std::thread reader(look, std::ref(seen));
    std::thread writer(replace);
    reader.join();
    writer.join();
    return seen == 1 || seen == 2 ? 0 : 1;
}
