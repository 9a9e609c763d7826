#include "protocol/postgres/scram.h"

#include "base/limits/postgres.h"
#include "tests/support/status_matchers.h"

namespace hoop::postgres {
namespace {

// RFC 7677, section 3.
constexpr std::string_view kClientNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramClient RfcClient(std::string_view password = "pencil") {
  return ScramClient(password, std::string(kClientNonce), {}, "user");
}

std::string FinalOf(ScramClient& client) {
  auto request = client.OnServerFirst(kServerFirst);
  EXPECT_OK(request);
  auto key = DeriveSaltedPassword(*request);
  EXPECT_OK(key);
  return client.ClientFinal(*key).value_or("");
}

TEST(ScramClient, SpeaksTheExampleOfTheRfc) {
  ScramClient client = RfcClient();
  EXPECT_EQ(client.ClientFirst(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(
      FinalOf(client),
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_OK(client.OnServerFinal(kServerFinal));
}

TEST(ScramClient, RefusesAServerThatDoesNotKnowThePassword) {
  ScramClient client = RfcClient("other");
  FinalOf(client);
  EXPECT_STATUS(client.OnServerFinal(kServerFinal), absl::StatusCode::kPermissionDenied, "signature");
  EXPECT_STATUS(client.OnServerFinal("v"), absl::StatusCode::kInvalidArgument, "attribute v");
  EXPECT_STATUS(client.OnServerFinal("v="), absl::StatusCode::kPermissionDenied, "signature");
  EXPECT_STATUS(client.OnServerFinal("v=!"), absl::StatusCode::kPermissionDenied, "signature");
  EXPECT_STATUS(client.OnServerFinal("e=invalid-proof"), absl::StatusCode::kPermissionDenied, "invalid-proof");
}

TEST(ScramClient, RefusesASignatureBeforeTheProof) {
  ScramClient client = RfcClient();
  EXPECT_STATUS(client.OnServerFinal(kServerFinal), absl::StatusCode::kPermissionDenied, "signature");
  EXPECT_STATUS(client.ClientFinal("key"), absl::StatusCode::kInvalidArgument, "no first message");
}

TEST(ScramClient, RefusesANonceThatIsNotOurs) {
  for (const std::string_view first : {"r=someoneelse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                                       "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"}) {
    ScramClient client = RfcClient();
    EXPECT_STATUS(client.OnServerFirst(first), absl::StatusCode::kPermissionDenied, "nonce");
  }
}

TEST(ScramClient, RefusesTooManyIterations) {
  for (const std::string& iterations : {std::to_string(limits::kScramIterationsMax + 1), std::string("99999999999")}) {
    ScramClient client = RfcClient();
    EXPECT_STATUS(client.OnServerFirst("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=" + iterations),
                  absl::StatusCode::kResourceExhausted, "iterations");
  }
}

TEST(ScramClient, RefusesMalformedFirstMessages) {
  for (const std::string_view first :
       {"", "r", "r=", "x=1", "m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=YQ==,i=1", "r=rOprNGfwEbeRWgbNEkqOx",
        "r=rOprNGfwEbeRWgbNEkqOx,s=YQ==", "r=rOprNGfwEbeRWgbNEkqOx,s=YQ==,i=0", "r=rOprNGfwEbeRWgbNEkqOx,s=YQ==,i=-1",
        "r=rOprNGfwEbeRWgbNEkqOx,s=YQ==,i=1x", "r=rOprNGfwEbeRWgbNEkqOx,s=,i=1", "r=rOprNGfwEbeRWgbNEkqOx,s=!,i=1"}) {
    ScramClient client = RfcClient();
    EXPECT_FALSE(client.OnServerFirst(first).ok()) << first;
  }
}

}  // namespace
}  // namespace hoop::postgres
