// StagedSource: a Source over a WholeReader. Each stream is read once a pass, when it is first
// asked for, into a stage; its slices come from there. What is had by periods is staged a slice at
// a time, so that an answer that breaks off leaves nothing.
//
// A pass sees each stream in one state. source_now() is the time before the first of them was read,
// by the system's clock or, where it has none, by ours. A stream that could not be read is not
// tried again in the same pass.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/source.hpp"
#include "source/staged/stage.hpp"
#include "source/staged/whole_reader.hpp"

namespace mis::source {

class StagedSource final : public Source {
  public:
    StagedSource(
        Connector connector, std::unique_ptr<WholeReader> reader, const Clock& clock,
        SourceOptions options
    );
    ~StagedSource() override;

    const std::vector<std::string>& columns(const std::string& stream) const override;
    Capabilities capabilities(const std::string& stream) const override;
    Result<ReadReport> read(
        const std::string& stream, const Slice& slice,
        const std::function<Result<void>(RowBatch&&)>& take
    ) override;
    Result<std::vector<std::string>> keys(
        const std::string& stream, const Slice& slice, std::size_t most
    ) override;
    Result<std::string> source_now() override;
    void begin_pass() override;
    int end_pass() override;
    Result<std::string> fingerprint() override { return reader_->fingerprint(); }
    void cancel() override;
    Result<ProbeReport> probe() override;
    bool stands_as_read(const std::string& stream) override {
        const StreamDeclaration* declared = find(stream);
        return declared != nullptr && reader_->stands_as_read(*declared);
    }
    std::optional<double> clock_skew_seconds() const override { return clock_skew_seconds_; }
    Result<std::map<std::string, std::string>> streams_off() override {
        return reader_->streams_off();
    }
    Result<std::vector<TableDescription>> discover() override { return reader_->discover(); }
    Result<std::optional<std::string>> known_by() override { return reader_->known_by(); }
    std::vector<Question> questions() override { return reader_->questions(); }
    std::string written(const std::string& name) const override { return name; }
    Result<std::optional<std::vector<std::string>>> values_of(
        const std::string& stream, const std::string& column
    ) override;
    Result<std::string> fetch_text(const std::string& stream, const Slice& slice) override;

  private:
    const StreamDeclaration* find(const std::string& stream) const;
    bool is_had_by_period(const StreamDeclaration& stream) const;
    Result<const StreamDeclaration*> require(const std::string& stream) const;
    Result<std::string> ask_now();
    // Returns how long the source worked for it, in microseconds; 0: it is staged already.
    Result<std::int64_t> have_staged(const StreamDeclaration& stream, const Slice& slice);
    Result<std::int64_t> stage(const StreamDeclaration& stream, const WholeReader::Wanted& wanted);
    StreamProbe probe_stream(const StreamDeclaration& stream);
    void forget_pass();

    const Connector connector_;
    const std::unique_ptr<WholeReader> reader_;
    const Clock& clock_;
    const SourceOptions options_;
    std::map<std::string, std::vector<std::string>> column_names_;
    Stage stage_;
    std::map<std::string, Error> failed_;  // in this pass
    bool in_pass_ = false;
    std::optional<std::string> now_;                     // before the first stream was read …
    std::optional<std::chrono::nanoseconds> now_taken_;  // … steady
    std::optional<double> clock_skew_seconds_;
    std::atomic<bool> cancel_asked_{false};
};

}  // namespace mis::source
