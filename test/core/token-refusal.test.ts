import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { presets } from '../../core/provider.ts';
import { classifyRefusal } from '../../core/token-refusal.ts';
import { refusals } from '../helpers/core-samples.ts';

const schwab = presets.schwab!;
const plain = { rejectedGrantTexts: [] };

const refresh = (status: number, body: string, provider = schwab as { rejectedGrantTexts: string[] }) =>
  classifyRefusal(provider, 'refresh_token', { status, body });
const exchange = (status: number, body: string) =>
  classifyRefusal(schwab, 'authorization_code', { status, body });

// As seen (Schwabdev#40): the quotes within the description are not escaped, so this is not JSON.
const bodyA = `{"error":"unsupported_token_type","error_description":"400 Bad Request: "{"error_description":"Exception while authenticating refresh token [tokenDigest=AbC1+/=, reason=...]","error":"refresh_token_authentication_error"}""}`;
const bodyAEscaped = JSON.stringify({
  error: 'unsupported_token_type',
  error_description: '400 Bad Request: "{"error":"refresh_token_authentication_error"}"',
});
const bodyB = `{"error":"unsupported_token_type","error_description":"400 Bad Request: "{"error":"invalid_grant","error_description":"Refresh token is invalid, expired or revoked"}""}`;
const bodyC = '{"error":"invalid_client","error_description":"refresh token invalid"}';
const accessDenied = `<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\nYou don't have permission to access "http://api.schwabapi.com/v1/oauth/token" on this server.</BODY></HTML>`;

describe('a dead refresh token', () => {
  test.each([
    ['RFC 6749', 400, '{"error":"invalid_grant"}', 'invalid_grant'],
    [
      'RFC 6749, described first',
      400,
      '{"error_description":"gone","error":"invalid_grant"}',
      'invalid_grant',
    ],
    ['RFC 6749 under status 401', 401, ' {\n "error" : "invalid_grant" }', 'invalid_grant'],
    ['RFC 6749 under status 200', 200, '{"error":"invalid_grant"}', 'invalid_grant'],
    ['A, which is not JSON', 400, bodyA, 'unsupported_token_type'],
    ['A, if it were', 400, bodyAEscaped, 'unsupported_token_type'],
    ['B, which is not JSON', 400, bodyB, 'unsupported_token_type'],
    ['C, which blames the client', 401, bodyC, 'invalid_client'],
    ['C under status 400', 400, bodyC, 'invalid_client'],
    ['C in other letters', 401, bodyC.replace('refresh token', 'Refresh Token'), 'invalid_client'],
  ])('is known by %s', (_, status, body, error) => {
    expect(refresh(status, body)).toEqual({ refusal: 'grant-rejected', error });
  });

  test.each([408, 425, 429, 500, 503])('is doubted under status %i', (status) => {
    expect(refresh(status, '{"error":"invalid_grant"}')).toEqual({
      refusal: 'grant-doubted',
      error: 'invalid_grant',
    });
    expect(refresh(status, bodyAEscaped)).toEqual({
      refusal: 'grant-doubted',
      error: 'unsupported_token_type',
    });
  });

  test('is no JSON in A and B', () => {
    expect(() => JSON.parse(bodyA)).toThrow(SyntaxError);
    expect(() => JSON.parse(bodyB)).toThrow(SyntaxError);
  });

  test('is known by Schwab’s texts at Schwab only', () => {
    expect(refresh(400, bodyAEscaped, plain)).toEqual({
      refusal: 'contract',
      error: 'unsupported_token_type',
    });
    expect(refresh(401, bodyC, plain)).toEqual({ refusal: 'client-rejected', error: 'invalid_client' });
  });
});

describe('the client’s own credentials', () => {
  test.each([
    ['RFC 6749', 401, '{"error":"invalid_client"}', 'invalid_client'],
    [
      'RFC 6749 under 400',
      400,
      '{"error":"invalid_client","error_description":"Bad client secret"}',
      'invalid_client',
    ],
    [
      'a client that may not refresh',
      403,
      `{"error":"unauthorized_client","error_description":"Grant type 'refresh_token' not allowed for the client."}`,
      'unauthorized_client',
    ],
    [
      'a description that speaks of refresh tokens and does not call one dead',
      401,
      '{"error":"invalid_client","error_description":"refresh token grants need client authentication"}',
      'invalid_client',
    ],
    ['an empty 401', 401, '', 'HTTP 401'],
    ['a 401 with a list', 401, '[]', 'HTTP 401'],
    ['a 401 that speaks of a page', 401, 'see <html>', 'HTTP 401'],
    ['a 401 without a code', 401, '{"message":"Unauthorized"}', 'HTTP 401'],
  ])('are refused by %s', (_, status, body, error) => {
    expect(refresh(status, body)).toEqual({ refusal: 'client-rejected', error });
  });

  test('are meant by invalid_client at a code exchange, whatever it speaks of', () => {
    expect(exchange(401, bodyC)).toEqual({ refusal: 'client-rejected', error: 'invalid_client' });
  });
});

describe('nothing was decided', () => {
  test.each([
    ['Access Denied of the edge', 403, accessDenied, 'HTTP 403'],
    ['the same under 401', 401, accessDenied, 'HTTP 401'],
    ['the same under 200', 200, accessDenied, 'HTTP 200'],
    ['the same under 400', 400, accessDenied, 'HTTP 400'],
    ['the same after an empty line', 401, '\n<html>', 'HTTP 401'],
    ['a list', 200, '[]', 'HTTP 200'],
    ['a list under 400', 400, '[]', 'HTTP 400'],
    ['a list of objects under 400', 400, '[{}]', 'HTTP 400'],
    ['an unknown path', 404, '{"message":"Not found"}', 'HTTP 404'],
    ['nothing at all', 200, '', 'HTTP 200'],
    ['half an answer', 200, '{"access_token":"I0.b2F1', 'HTTP 200'],
    ['too many requests', 429, '{"message":"Too many requests"}', 'HTTP 429'],
    ['too many requests with a code', 429, '{"error":"slow_down"}', 'slow_down'],
    ['request time-out', 408, '', 'HTTP 408'],
    ['too early', 425, '', 'HTTP 425'],
    ['an internal error', 500, '{"error":"unknown"}', 'unknown'],
    ['a bad gateway', 502, '<html>', 'HTTP 502'],
    ['the edge in JSON', 403, '{"message":"Forbidden"}', 'HTTP 403'],
    ['temporarily_unavailable', 400, '{"error":"temporarily_unavailable"}', 'temporarily_unavailable'],
    ['server_error', 400, '{"error":"server_error"}', 'server_error'],
  ])('by %s', (_, status, body, error) => {
    expect(refresh(status, body)).toEqual({ refusal: 'unavailable', error });
  });
});

describe('no contract allows', () => {
  test.each([
    ['a choice', 300, '', 'HTTP 300'],
    ['a choice that speaks of grants', 300, '{"error":"invalid_grant"}', 'invalid_grant'],
    ['a redirect', 302, '', 'HTTP 302'],
    ['the last of redirects', 399, '<html>', 'HTTP 399'],
    ['an object under 299', 299, '{}', 'HTTP 299'],
    ['an object after an empty line', 400, '\n {}', 'HTTP 400'],
    ['a redirect that speaks of grants', 307, '{"error":"invalid_grant"}', 'invalid_grant'],
    ['another code', 400, '{"error":"invalid_request"}', 'invalid_request'],
    ['a code that is no text', 400, '{"error":{"code":190}}', 'HTTP 400'],
    ['tokens without an access token', 200, '{"refresh_token":"r"}', 'HTTP 200'],
  ])('%s', (_, status, body, error) => {
    expect(refresh(status, body)).toEqual({ refusal: 'contract', error });
  });
});

describe('at a code exchange', () => {
  test('invalid_grant is a spent code', () => {
    expect(exchange(400, '{"error":"invalid_grant"}')).toEqual({
      refusal: 'grant-rejected',
      error: 'invalid_grant',
    });
  });

  test('texts of dead refresh tokens mean nothing', () => {
    expect(exchange(400, bodyA)).toEqual({ refusal: 'contract', error: 'unsupported_token_type' });
  });
});

test('the outermost code counts, and what stands within a description does not', () => {
  const nested = '{"error_description":"{"error":"invalid_grant"}","error":"invalid_request"}';
  expect(refresh(400, nested, plain)).toEqual({ refusal: 'unavailable', error: 'HTTP 400' });
});

test('whatever comes, the answer names a code or the status and nothing else of the body', () => {
  fc.assert(
    fc.property(refusals, ({ status, body }) => {
      const { error } = refresh(status, body);
      expect(error).toMatch(/^([a-z_]{1,60}|HTTP \d{3})$/);
    }),
  );
});
