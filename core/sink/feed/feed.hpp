// Feed: station 7 for those who come for their events: pages after a cursor, and a stream of
// server-sent events. What is asked and answered: schemas/README.md section 3 and openapi.yaml.
//
// A reader is known by its token, sees its party's view as a sink would, and has a place in the
// outbox that its cursors move (outbox/reader_place.hpp). Before anything leaves, the audit has it:
// a page or a batch of a stream is committed there and then sent.
//
// One thread answers all: it reads pages, holds those who wait, and writes to streams as far as
// these take it; a slow reader holds kStreamBytesMax at most. The server has its own thread. After
// a crash a reader asks again with the cursor it has.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "net/http_server.hpp"
#include "sink/feed/cursor.hpp"
#include "sink/feed/request.hpp"
#include "sink/feed/view.hpp"
#include "sqlite/database.hpp"

namespace mis::sink::feed {

struct FeedReader {
    std::string name;  // its place in the outbox
    std::string party;
    std::vector<std::string> types;  // patterns; empty: all
    std::vector<Digest> tokens;      // SHA-256 of each
};

struct FeedOptions {
    net::HttpServer::Options server;
    std::vector<FeedReader> readers;
    std::chrono::seconds stream_time_max{900};  // then it is ended, and the reader comes again
    std::string clinic_id, instance_id;
};

struct FeedHooks {
    std::function<sqlite::Database()> reader;  // a connection of the feed's own
    // One committed transaction on the store. Throws StoreError; then nothing has changed.
    std::function<void(const std::function<void(sqlite::Transaction&)>&)> write;
};

struct FeedReaderStatus {
    std::string name;
    std::map<std::string, std::uint64_t> answers;  // what became of its questions → how many
    int streams = 0;                               // open now
    bool is_ahead = false;                         // it showed a cursor that this store never gave
};

class Feed {
  public:
    // Listens from here on; the readers are registered. Throws std::runtime_error as HttpServer.
    Feed(FeedOptions options, FeedHooks hooks, const Clock& clock);
    ~Feed();  // ends streams, answers who waits
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    void wake();  // events were appended; from any thread
    std::uint16_t port() const { return server_->port(); }
    std::vector<FeedReaderStatus> status() const;
    std::uint64_t strangers() const;  // questions without a known token

    static constexpr std::size_t kPageBytesMax = 1'000'000;  // of data
    static constexpr std::size_t kStreamBytesMax = 256'000;  // not sent yet
    static constexpr int kAtOnceMax = 8;                     // questions and streams of a reader
    static constexpr std::chrono::seconds kHeartbeat{15};

  private:
    struct Asked {
        int reader = 0;
        Question question;
        net::Responder respond;
    };
    struct Waiting {
        Asked asked;
        Cursor after;
        bool has_cursor = false;
        std::chrono::nanoseconds until{0};
    };
    struct Stream {
        int reader = 0;
        std::string type;
        Cursor at, told;
        std::shared_ptr<net::BodyStream> body;
        std::chrono::nanoseconds written{0}, until{0};
    };
    // Where a question begins: the cursor, or the answer that says why there.
    struct Beginning {
        Cursor after;
        std::optional<net::ServerAnswer> refusal;
    };

    void take(net::ServerRequest request, net::Responder respond);  // on the server's thread
    void run();
    void work(std::vector<Asked> asked);
    void begin(Asked asked);
    void begin_stream(Asked asked, Cursor after);
    bool answer_page(const Asked& asked, const Cursor& after, bool has_cursor, bool may_wait);
    bool pump(Stream& stream);
    Beginning beginning_of(const Asked& asked);
    void audit(int reader, const Cursor* taken, const std::vector<outbox::OutboxEvent>& events);
    void write_cursors();
    View& view_of(int reader, const std::string& type);
    void answered(const Asked& asked, const char* outcome, net::ServerAnswer answer);
    void done(int reader);
    std::chrono::nanoseconds next_look() const;

    const FeedOptions options_;
    const FeedHooks hooks_;
    const Clock& clock_;
    const CursorSeal seal_;
    std::vector<std::pair<Digest, int>> hashes_;

    // The answering thread's.
    std::optional<sqlite::Database> database_;
    std::map<std::pair<int, std::string>, View> views_;
    std::vector<Waiting> waiting_;
    std::vector<std::unique_ptr<Stream>> streams_;
    std::map<int, std::int64_t> taken_;  // reader → position that is not written yet
    std::chrono::nanoseconds cursors_written_{0};
    bool store_failed_ = false;

    mutable std::mutex mutex_;
    std::condition_variable woken_;
    std::vector<Asked> asked_;              // guarded by mutex_
    std::vector<int> at_once_;              // per reader; guarded by mutex_
    std::vector<FeedReaderStatus> status_;  // guarded by mutex_
    std::uint64_t strangers_ = 0;           // guarded by mutex_
    bool is_woken_ = false;                 // guarded by mutex_
    bool stopping_ = false;                 // guarded by mutex_
    std::thread thread_;
    std::unique_ptr<net::HttpServer> server_;  // its thread uses all above
};

}  // namespace mis::sink::feed
